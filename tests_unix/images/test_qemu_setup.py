"""The image of qemu_arm without the settings that it needs: a restart of QEMU is a reset."""

import asyncio
import json

import pytest
from qemu_site import QemuSite

from tools import littlefs_image
from tools.qemu import STORE_SIZE

pytestmark = pytest.mark.usefixtures("qemu_image")

SECOND = b"from core.failures import failures\nfailures(2)\n"  # boot.py: two starts have failed before this one


class BlankSite(QemuSite):
    """A site whose firmware has these bytes as its settings; the wires are there."""

    def __init__(self, home, settings, boot=b""):
        super().__init__(home)
        self.firmware.files = {"settings.json": settings, "boot.py": boot}

    def stored(self):
        """The files of the firmware that is off."""
        with self.firmware.store.open("rb") as file:
            return littlefs_image.read(file.read(STORE_SIZE))


async def test_a_blank_board_waits_after_three_starts_and_a_person_brings_it_to_its_boot_notification(tmp_path):
    async with BlankSite(tmp_path, b"{}") as site:
        firmware = site.firmware
        await firmware.start()
        for starts in (1, 2):
            since = firmware.mark if starts > 1 else 0
            await site.printed(r"^reset in 10 s", since, 60)
            assert firmware.starts == starts and "> " not in firmware.text
        await site.printed("^> ", timeout=60)
        assert firmware.starts == 3
        assert firmware.text.count("component ocpp: option 'url' is required") == 3
        await site.answer("show", r"ocpp\.url = --   \(text; required\)")
        await site.answer("set ocpp.vendr Example", "did you mean vendor\\?")
        await site.answer("set ocpp.profile 9", r"option profile\): 9 is not within -1\.\.3")
        await site.answer("set ocpp.url http://central", "ocpp.url = http://central")
        await site.answer("save", "not saved: .* option 'id' is required")
        await site.answer("set ocpp.id CP-1", "ocpp.id = CP-1")
        await site.answer("save", r"not saved: .* 'http://central' is not ws://HOST")
        await site.answer(f"set ocpp.url {site.central.url}", "ocpp.url = ws://127")
        await site.answer("set ocpp.auth_key", "which is not shown")
        await site.answer("correct horse battery staple", r"ocpp\.auth_key = \*\*\*")
        await site.answer("check", "these settings are valid")
        assert site.central.messages.total == 0 and firmware.starts == 3
        await site.answer("save", "saved; restarting")
        await site.wait_booted(timeout=60)
        assert firmware.starts == 4
        assert "correct horse" not in firmware.text.replace("> set", "")
        site.check_calm()
        assert await firmware.interrupt() == 0
        assert json.loads(site.stored()["settings.json"])["ocpp"]["url"] == site.central.url


async def test_the_count_outlives_a_power_cut_of_qemu_and_ends_with_a_start_that_succeeds(tmp_path):
    async with BlankSite(tmp_path, b'{"ocpp": {"urll": "ws://central"}}') as site:
        firmware = site.firmware
        for _ in range(2):
            since = firmware.mark
            await firmware.start()
            await site.printed(r"^reset in 10 s", since, 60)
            await firmware.kill()
        await firmware.start()
        await site.printed("^> ", timeout=60)
        await firmware.kill()
        since = firmware.mark
        await firmware.start()
        await site.printed("^> ", since, 60)  # and goes on at once
        await firmware.kill()
        firmware.files["settings.json"] = json.dumps({"ocpp": site.settings["ocpp"]}).encode()  # mended otherwise
        await firmware.start()
        await site.wait_booted(timeout=60)
        await firmware.kill()
        firmware.files["settings.json"] = b"{}"
        since = firmware.mark
        await firmware.start()
        await site.printed(r"^reset in 10 s", since, 60)  # the first of a new row


@pytest.mark.parametrize("settings", [b'{"ocpp": {"url": "ws://central/ocpp", ', b"\xff\xfe", b"[1]"])
async def test_broken_settings_lead_to_the_prompt_and_are_kept_aside(tmp_path, settings):
    async with BlankSite(tmp_path, settings, SECOND) as site:
        firmware = site.firmware
        await firmware.start()
        await site.printed("save renames the present file to settings.bad", timeout=60)
        await site.answer("set ocpp.id CP-1", "ocpp.id = CP-1")
        await site.answer(f"set ocpp.url {site.central.url}", "ocpp.url = ws://127")
        await site.answer("save", "saved; restarting")
        await site.wait_booted(timeout=60)
        assert await firmware.interrupt() == 0
        assert site.stored()["settings.bad"] == settings


async def test_ctrl_c_at_the_prompt_ends_main(tmp_path):
    """Which on an ESP32 is the REPL, and here the end of QEMU."""
    async with BlankSite(tmp_path, b"{}", SECOND) as site:
        await site.firmware.start()
        await site.printed("^> ", timeout=60)
        await site.firmware.write("set ocpp.u")
        assert await site.firmware.interrupt() == 0
        assert site.firmware.starts == 1


async def test_a_running_charger_takes_settings_when_the_console_asks_and_not_in_a_transaction(qemu_image, tmp_path):
    async with QemuSite(tmp_path) as site:
        await site.boot()
        await site.start_session("CARD-1")
        await site.answer("settings", "a transaction runs")
        await site.stop_session("CARD-1")
        await site.answer("settings", "restarting for the settings")
        await site.printed("^> ", timeout=60)
        await site.answer("set ocpp.vendor Other", "ocpp.vendor = Other")
        since = site.mark()
        await site.answer("save", "saved; restarting")
        assert (await site.received("BootNotification", since, 60)).payload["chargePointVendor"] == "Other"
        assert site.firmware.starts == 3
        site.check_calm()


# boot.py: a component whose hardware does not answer, behind a watchdog that bites after 3 s; two starts have failed.
BROKEN = (
    SECOND
    + b"""\
from components.health import Health
from drivers.wdt import Wdt
Wdt.options = {"timeout_ms": (int, 3000, 1000, 600000)}
async def start(self):
    raise OSError("the medium does not answer")
Health.start = start
"""
)


async def test_a_watchdog_that_is_armed_does_not_bite_at_the_prompt(tmp_path):
    async with BlankSite(tmp_path, b'{"ocpp": {"id": "CP-1", "url": "ws://central/ocpp"}}', BROKEN) as site:
        firmware = site.firmware
        await firmware.start()
        await site.printed("component health did not start: OSError: the medium does not answer", timeout=60)
        await site.printed("restarts 300 s after the last key", timeout=60)
        await site.printed("^> ", timeout=60)
        await asyncio.sleep(8)  # nothing is to happen
        await site.answer("check", "these settings are valid", 30)
        await asyncio.sleep(4)
        await site.answer("show", "ocpp.id = CP-1", 30)
        assert firmware.text.count("the medium does not answer") == 1 and firmware.starts == 1
