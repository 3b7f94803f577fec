"""The contract Operator on the unix board: what a front end that is not the console may do."""

import micropython

from console_site import ConsoleSite

from core.kernel import RESTART


async def test_a_button_stops_at_once_without_memory_over_a_restart_until_release(tmp):
    async with ConsoleSite(tmp) as site:
        await site.charge()
        operator, gate = site.kernel["operator"], site.kernel["gate"]
        heard = []
        operator.emergency_stop.watch(heard.append)
        micropython.heap_lock()
        try:
            operator.press_stop()
        except MemoryError:
            pass  # the log's words
        closed = not gate.enabled.value
        micropython.heap_unlock()
        assert closed
        operator.press_stop()
        assert operator.emergency_stop.value is True and heard == [True]
        await site.cut_power()
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert operator.emergency_stop.value is True and "emergency_stop" in site.kernel["gate"].blocking()
        assert operator.release() is True and operator.release() is False
        assert site.kernel.releases.value == 2, "what else waits for a person is released, too"
        await site.cut_power()
    async with ConsoleSite(tmp) as site:
        assert site.kernel["operator"].emergency_stop.value is False


async def test_a_stop_holds_over_a_restart_though_one_that_watches_the_gate_raises(tmp):
    """A lamp whose port is gone: the gates were closed by a key that nobody held, and the journal had no stop."""

    def broken(_):
        raise OSError("no lamp")

    async with ConsoleSite(tmp) as site:
        await site.charge()
        operator, gate = site.kernel["operator"], site.kernel["gate"]
        gate.enabled.watch(broken)
        operator.emergency_stop.watch(broken)
        try:
            operator.press_stop()
        except OSError:
            pass
        else:
            raise AssertionError("it has been asked")
        assert operator.emergency_stop.value is True and gate.blocking() == ["emergency_stop"]
        await site.cut_power()
    async with ConsoleSite(tmp) as site:
        assert site.kernel["operator"].emergency_stop.value is True


async def test_a_stop_that_a_former_version_has_journaled_is_still_pressed(tmp):
    """Its key in the journal is the one that it had when the console kept it."""
    async with ConsoleSite(tmp) as site:
        site.kernel["store"].put("console.stop", True)
        await site.cut_power()
    async with ConsoleSite(tmp) as site:
        assert site.kernel["operator"].emergency_stop.value is True
        assert "the emergency stop is still pressed; s releases it" in site.screen.text


async def test_a_card_gives_a_value_and_the_same_as_a_signal(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        told = []
        operator.card.watch(told.append)
        result = operator.present("CARD-7")  # nobody is there who knows it
        assert result == operator.card.value == told[-1]
        assert result[1:] == ("refused", "unauthorized", "Invalid", "CARD-7", 1)
        assert operator.text_of(result) == "refused: its status is Invalid"
        assert operator.present("x" * 21)[1] == "no_tag"
        assert operator.set("AllowOfflineTxForUnknownId", "true") == ("Accepted", "")
        assert operator.present("CARD-7")[1:] == ("accepted", "", "", "CARD-7", 1)
        assert operator.present("CARD-8")[1:] == ("refused", "waiting", "CARD-7", "CARD-8", 1)
        assert operator.present("CARD-7")[1] == "taken_back"
        numbers = [one[0] for one in told]
        assert len(set(numbers)) == len(numbers), "each is a change"


async def test_a_start_at_an_outlet_ends_nothing(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert operator.start_transaction("CARD-7")[1:4] == ("refused", "unauthorized", "Invalid")
        operator.set("AllowOfflineTxForUnknownId", "true")
        for outlet in (0, 2, -1):
            assert operator.start_transaction("CARD-7", outlet)[1:] == (
                "refused", "no_outlet", str(outlet), "CARD-7", 0,
            )  # fmt: skip
        assert operator.start_transaction("", 1)[1] == "no_tag"
        assert operator.start_transaction("CARD-7")[1] == "accepted"
        assert operator.start_transaction("CARD-7")[1:4] == ("refused", "waiting", "CARD-7")
        await site.wait_charging(4000)
        assert site.kernel["gate"].enabled.value and operator.card.value[1] == "started"
        assert operator.start_transaction("CARD-7")[1:4] == ("refused", "running", ""), "a card would end it"
        assert site.kernel["gate"].enabled.value
        assert operator.present("CARD-7")[1] == "ended"


async def test_the_configuration_says_what_a_key_is_and_why_a_value_is_refused(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert "HeartbeatInterval" in operator.keys() and operator.get("heartbeatinterval")[2] is False
        assert operator.describe("HEARTBEATINTERVAL") == {
            "name": "HeartbeatInterval", "type": "int", "default": 300, "lowest": 1, "highest": 31536000,
            "access": "RW",
        }  # fmt: skip
        assert operator.set("HeartbeatInterval", "77") == ("Accepted", "")
        assert operator.get("HeartbeatInterval") == ("HeartbeatInterval", "77", False)
        assert operator.set("HeartbeatInterval", "0") == ("Rejected", "it is 1 to 31536000")
        assert operator.set("NumberOfConnectors", "2") == ("Rejected", "it is read-only")
        assert operator.set("Nonsense", "1") == ("NotSupported", "there is no such key")
        assert operator.get("Nonsense") is None and operator.describe("Nonsense") is None
        assert operator.get("AuthorizationKey")[1] is None
        await site.kernel["store"].stop()
        try:
            operator.set("HeartbeatInterval", "78")
            raise AssertionError("it was not journaled")
        except OSError:
            assert operator.get("HeartbeatInterval")[1] == "77"


async def test_restarts(tmp):
    for kind, reason in (("", "stop: by web"), ("Soft", "stop: Reset Soft"), ("Hard", "stop: Reset Hard")):
        async with ConsoleSite(tmp) as site:
            assert site.kernel["operator"].request_settings("web") == "no_prompt"
            site.kernel["operator"].restart(kind, "by web")
            await site.wait(500)
            await site.ended(RESTART)
            assert site.kernel.releases.value == 1
        async with ConsoleSite(tmp) as site:
            assert site.kernel["health"].reset_cause == reason


async def test_the_settings_are_not_requested_while_a_transaction_runs(tmp):
    async with ConsoleSite(tmp) as site:
        await site.charge()
        assert site.kernel["operator"].request_settings("web") == "running"
        assert site.kernel.exit_reason == "" and site.kernel["gate"].enabled.value
