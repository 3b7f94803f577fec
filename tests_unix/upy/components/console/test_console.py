"""The console over the real components of the unix board; only the terminal is the test's own, for it is hardware."""

import os

from console_site import ConsoleSite

from components.console.figures import fixed
from components.station.transaction import Transaction
from core.kernel import RESTART


def test_fixed_point_text():
    assert [fixed(n, 1000) for n in (76234, 76250, 76249, 0, 49, 50, 999950, None)] == [
        "76.2", "76.3", "76.2", "0.0", "0.0", "0.1", "1000.0", "--",
    ]  # fmt: skip
    assert [fixed(n, 1000, 2) for n in (3420, 3425, 5, 4, 999995)] == ["3.42", "3.43", "0.01", "0.00", "1000.00"]
    assert [fixed(n, 10, 0) for n in (834, 835, 1000, 0)] == ["83", "84", "100", "0"]
    assert [fixed(n, 1000) for n in (-1250, -1249, -49)] == ["-1.3", "-1.2", "0.0"]
    assert fixed(123456789012345, 1000, 3) == "123456789012.345"  # more than a small integer of any device


async def test_two_status_lines_every_ten_seconds_just_so(tmp):
    async with ConsoleSite(tmp) as site:
        text = await site.wait(9900)
        first = "[Status] Uptime: 10s | WiFi: \u2705 | OCPP: Disconnected | State: Available\n"
        assert first + "[Metrics] V=--V I=--A SOC=--% Energy=0.00Wh\n" in text
        await site.wait(9500)
        site.receive_all()
        site.kernel["ocpp"].connected.set(True)
        text = await site.wait(600)
        lines = [line for line in text.split("\n") if line.startswith("[")]
        assert lines[1] == "[Metrics] V=76.2V I=1.8A SOC=83% Energy=0.00Wh" and len(lines) == 2
        assert lines[0].startswith("[Status] Uptime: 20s | WiFi: \u2705 | OCPP: ")
        text = await site.wait(10000)  # nobody said anything any more: nothing old is shown
        assert "[Metrics] V=--V I=--A SOC=--% Energy=0.00Wh\n" in text
        site.kernel["wifi"].online.set(False)
        assert "WiFi: \u274c |" in await site.type("status\n")


async def test_the_pages_show_what_was_received(tmp):
    async with ConsoleSite(tmp) as site:
        site.receive_all()
        pages = []
        for n in range(1, 5):
            pages.append(await site.type("%d\n" % n))
        assert "permits charging: yes, mode: charging" in pages[0] and "82.5 V, maximum current: 30.0 A" in pages[0]
        assert "SoC: 83.3 %, range: 68 km" in pages[0] and "25.0 of 30.0 Ah, model: Classic" in pages[0]
        assert "125.0 Ah charged, 100.0 Ah discharged; frames refused: 0" in pages[0]
        assert "not charging" in pages[1] and "error: none" in pages[1] and "charging disabled" in pages[1]
        assert pages[2] == "Output: 76.2 V, 1.9 A, 41.5 degC\n"
        assert "Terminal: 76.23 V, 1.85 A, 0.141 kW" in pages[3]
        everything = await site.type("5\n")
        for page in pages:
            assert page.split("\n")[0] in everything
        await site.wait(6000)
        stale = await site.type("5\n")
        for line in ("BMS: silent", "maximum voltage: -- V", "SoC: -- %", "Output: -- V, -- A, -- degC", "-- kW"):
            assert line in stale, line


async def test_what_limits_the_setpoint_is_shown_if_it_is_the_module_itself(tmp):
    async with ConsoleSite(tmp) as site:
        site.receive_all()
        assert "available: " not in await site.type("2\n")
        site.kernel["charger"].set_available(80000, 25000)
        shown = await site.type("2\n")
        assert "setpoint: 80.0 V, 0.0 A" in shown and "available: 80.0 V, 25.0 A" in shown


async def test_why_shows_of_every_condition_whether_it_blocks(tmp):
    """No name of the code."""
    async with ConsoleSite(tmp) as site:
        gate = site.kernel["gate"]
        text = await site.type("why\n")
        verdicts = [line.split()[0] for line in text.split("\n") if line.startswith(("  ok ", "  BLOCKS  "))]
        assert verdicts == [
            "ok" if holds else "BLOCKS" for name, _, holds in gate.conditions() if name != "limit_ma"
        ]  # of which nothing is told without a transaction
        assert "BLOCKS  no transaction runs" in text and "ok      no emergency stop" in text
        assert text.endswith("charging is disabled\n")
        before = text
        site.receive_all()
        text = await site.type("why\n")
        assert "ok      the vehicle's BMS permits charging" in text
        for said in (before, text, await site.type("s\n")):
            assert "_" not in said, said
            assert "BLOCKS  not " not in said and "now: not " not in said, said  # a condition without words


async def test_mute_silences_status_lines_and_all_but_errors_and_again_ends_it(tmp):
    async with ConsoleSite(tmp) as site:
        log = site.kernel.log
        assert "muted" in await site.type("0\n")
        log.warning("a warning")
        log.error("an error")
        text = await site.wait(30000)
        assert "[Status]" not in site.screen.text and "an error" in site.screen.text
        assert "a warning" not in site.screen.text
        assert "State:" in await site.type("status\n")  # who asks is answered
        assert "a warning" in await site.type("log\n")  # and it is not lost
        await site.type("0\n")
        text = await site.wait(10000)
        assert text.count("[Status]") == 1


async def test_words_with_arguments(tmp):
    async with ConsoleSite(tmp) as site:
        text = await site.type("config\n")
        assert "  HeartbeatInterval = " in text and "  NumberOfConnectors = 1 (read-only)" in text
        assert "HeartbeatInterval: Accepted" in await site.type("config HeartbeatInterval 77\n")
        assert await site.type("config HeartbeatInterval\n") == "  HeartbeatInterval = 77\n"
        for command, answer in (
            ("config HeartbeatInterval soon", "HeartbeatInterval: Rejected: it is a whole number"),
            ("config HeartbeatInterval 0", "HeartbeatInterval: Rejected: it is 1 to 31536000"),
            ("config NumberOfConnectors 2", "NumberOfConnectors: Rejected: it is read-only"),
            ("config MeterValuesSampledData SOC", "Rejected: there is no measurand 'SOC'; did you mean SoC?"),
            ("config Nonsense", "Nonsense: no such key"),
            ("config Nonsense 1", "Nonsense: NotSupported: there is no such key"),
            ("config HartbeatInterval", "HartbeatInterval: no such key; did you mean HeartbeatInterval?"),
            ("config HartbeatInterval 1", "NotSupported: there is no such key; did you mean HeartbeatInterval?"),
        ):
            assert (await site.type(command + "\n")).endswith(answer + "\n"), command
        assert "which tag" in await site.type("auth\n")
        assert "tag " + "x" * 21 in await site.type("auth " + "x" * 21 + "\n")
        text = await site.type("auth CARD-7\n")
        assert "tag CARD-7: " in text and "idTag presented" in text


async def test_a_setting_that_the_journal_does_not_take_is_reported(tmp):
    async with ConsoleSite(tmp) as site:
        await site.kernel["store"].stop()
        assert "not stored" in await site.type("config HeartbeatInterval 78\n")
        assert "= 78" not in await site.type("config HeartbeatInterval\n")


async def test_components_status_log_and_help(tmp):
    async with ConsoleSite(tmp) as site:
        text = await site.type("components\n")
        for part in site.kernel.parts:
            state = "done" if part.name in ("trial", "web") else "running"  # no image is on trial; no port
            assert "  %s: %s" % (part.name, state) in text
        assert "  charger: running, critical, beat " in text
        for line in text.strip().split("\n"):  # who does not show progress is not told to make none
            assert ("beat" in line) is (", critical" in line), line
        text = await site.type("status\n")
        assert "Boot 1, reason: first start" in text and "Journal: " in text and "CAN: down" in text
        text = await site.type("h\n")
        words = "1 2 3 4 5 s t 0 h auth status why can config charges limit blackbox log components settings reset"
        assert [line.split()[0] for line in text.strip().split("\n")] == words.split()
        for asked in ("help\n", "HELP\n", "?\n"):  # what people try first
            assert await site.type(asked) == text, asked
        assert "health: boot 1" in await site.type("log\n")


async def test_black_boxes_are_listed_and_shown(tmp):
    async with ConsoleSite(tmp) as site:
        assert await site.type("blackbox\n") == "no black box\n"
        assert await site.type("blackbox 1\n") == "no black box 1\n"
        os.mkdir(tmp + "/blackbox")
        with open(tmp + "/blackbox/box-000007.bin", "wb") as file:
            file.write(b"UCBOX1 that is none")
        assert await site.type("blackbox\n") == "  box-000007.bin: 19 bytes\n"
        words = "it cannot be read: a black box of a version that is not known here"
        for name in ("7", "box-000007.bin"):
            assert words in await site.type("blackbox " + name + "\n")
        box = site.kernel["blackbox"]
        box.fault(0, "late stop")
        await box.stop()
        text = await site.type("blackbox box-000008.bin\n")
        assert "outlet 1: late stop" in text and "+0 ms  outlet 1 FAULT: late stop" in text


async def test_what_is_no_command_is_said_and_counted_and_does_nothing(tmp):
    async with ConsoleSite(tmp) as site:
        console = site.kernel["console"]
        for n, bad in enumerate((b"nonsense\n", b"\xff\xfe\xfd\n", b"x" * 5000 + b"\n", b"1 BMS\n"[1:], b"{}\n")):
            assert "ignored: " in await site.type(bad)
            assert console.unknown == n + 1
        state = 1
        noise = bytearray(2000)
        for i in range(len(noise)):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
            noise[i] = state >> 16 & 0xFF
        noise = bytes(noise).replace(b"t", b"u").replace(b"T", b"U").replace(b"\x03", b"")
        await site.type(noise + b"\n")
        assert "State:" in await site.type("status\n")
        assert site.kernel.parts[-1].failures == 0 and not site.kernel["gate"].enabled.value


async def test_words_in_any_case_and_the_nearest_of_those_that_are_not_known(tmp):
    async with ConsoleSite(tmp) as site:
        assert "State:" in await site.type("STATUS\n") and "NumberOfConnectors" in await site.type("Config\n")
        for wrong, meant in (
            ("statsu", "status"), ("confg X", "config"), ("compnents", "components"), ("wy", "why"), ("reboot", ""),
            ("tag CARD-7", "auth"), ("KEY X", "config"), ("stop", "t"), ("start", "s"), ("hepl", "h"), ("bms", "1"),
            ("x", ""), ("9", ""), ("nonsense", ""), ("auht", "auth"), ("a" * 100, ""),
        ):  # fmt: skip
            text = await site.type(wrong + "\n")
            assert "ignored: " in text and "h shows help" in text, text
            assert ("did you mean %s? " % meant if meant else "; h") in text, text
            await site.wait(600)


async def test_settings_stay_a_file_where_no_start_can_request_them(tmp):
    async with ConsoleSite(tmp) as site:
        assert "edit %s/settings.json and restart" % tmp in await site.type("settings\n")
        assert site.kernel.exit_reason == ""


async def test_tab_completes_a_word_or_shows_which_there_are(tmp):
    async with ConsoleSite(tmp) as site:
        assert "State:" in await site.type("sta\t\n")
        assert await site.type("co\t") == "config components\n"
        assert site.kernel["console"].keyboard.text() == "co"
        assert "NumberOfConnectors" in await site.type("nf\t\n")
        words = "auth status why can config charges limit blackbox log components settings reset"
        assert (await site.type("\t")).split() == words.split()
        assert await site.type("xyz\t") == ""


async def test_a_password_does_not_come_back_with_the_up_key(tmp):
    async with ConsoleSite(tmp) as site:
        await site.type("why\nconfig AuthorizationKey 0123456789abcdef\n")
        await site.type("\x1b[A")
        assert site.kernel["console"].keyboard.text() == "why"


async def test_a_burst_of_commands_is_bounded(tmp):
    async with ConsoleSite(tmp) as site:
        text = await site.type("log\n" * 2000)
        assert "too many commands at once" in text
        assert len(site.kernel["console"]._answers) == 0
        assert "State:" in await site.type("status\n")


async def test_the_end_of_the_input_ends_nothing_else(tmp):
    async with ConsoleSite(tmp) as site:
        site.screen.close()
        text = await site.wait(10000)
        assert "the input has ended" in site.screen.text and "[Status]" in text
        text = await site.wait(30000)
        assert text.count("[Status]") == 3 and site.kernel.alive.value is True
        assert all(part.failures == 0 for part in site.kernel.parts)


async def test_reset_ends_the_firmware_with_restart(tmp):
    async with ConsoleSite(tmp) as site:
        site.screen.type("reset\n")
        await site.clock.settle()
        await site.ended(RESTART)
        assert "restarting" in site.screen.text
        assert site.kernel.releases.value == 1, "whoever types it takes what was wrong for mended"
    async with ConsoleSite(tmp) as site:
        assert site.kernel["health"].reset_cause == "stop: reset on the console"


async def test_a_log_line_does_not_tear_what_is_being_typed(tmp):
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].echo = site.screen.write
        await site.type("auth CA")
        before = len(site.screen.text)
        site.kernel.log.info("something")
        text = site.screen.text[before:]
        assert text.startswith("\r\x1b[KI ") and text.endswith("something\nauth CA")
        await site.type("\x1b[D\x15\r")
        before = len(site.screen.text)
        site.kernel.log.info("something")
        assert site.screen.text[before:].endswith("something\n> ")


async def test_nothing_secret_is_shown(tmp):
    async with ConsoleSite(tmp) as site:
        for word in ("5", "status", "config", "log", "components", "why", "h", "config AuthorizationKey"):
            await site.type(word + "\n")
        await site.wait(120000)
        assert "secret" not in site.screen.text and not any("secret" in line for line in site.kernel.log.tail.lines)


async def test_the_session_energy_is_counted_from_its_start_and_kept_after_its_end(tmp):
    async with ConsoleSite(tmp) as site:
        energy, transaction = site.kernel["meter"].energy_mwh, site.kernel["gate"].transaction
        session = site.kernel["operator"].sessions[0]
        energy.set(5000700)
        transaction.set(True)
        energy.set(5004120)
        assert "Energy=3.42Wh" in await site.type("status\n")
        transaction.set(False)
        energy.set(5004500)
        assert session.energy_mwh() == 3420
        outlet = site.kernel["ocpp"].outlets[0]
        for function in site.kernel["station"].ended[-1:]:
            function(Transaction([1, "TAG", None, 5000, None, None], outlet), 0)
        assert session.energy_mwh() == 3800, "with what came until the power module had stopped"
        transaction.set(True)
        assert session.energy_mwh() == 0
        energy.set(None)
        assert "Energy=--Wh" in await site.type("status\n")
