"""The emergency stop at the console: its key acts at once, and what follows says what it was."""

import micropython

from console_site import ConsoleSite


async def test_t_stops_before_enter_and_s_releases(tmp):
    async with ConsoleSite(tmp) as site:
        stop = site.kernel["gate"].emergency_stop
        await site.type("t")
        assert "stop_cleared" in site.kernel["gate"].blocking() and stop.value is False
        assert "EMERGENCY STOP" not in await site.wait(400) and "EMERGENCY STOP" in await site.wait(150)
        assert stop.value is True and "stop_cleared" not in site.kernel["gate"].blocking()
        assert await site.type("\n") == "" and stop.value is True
        assert "BLOCKS  the emergency stop is pressed" in await site.type("why\n")
        text = await site.type("s\n")
        assert stop.value is False and "released" in text
        assert "not allowed now: no transaction runs, " in text and "auth TAG" in text
        assert "released" not in await site.type("s\n")  # there was nothing to release
        for line in ("t\n", "T\n", "t1\n", "tt", " t\n", "t\x1b"):
            assert "EMERGENCY STOP" in await site.type(line) and stop.value is True, line
            await site.type("\x15s\n")
            assert stop.value is False, line


async def test_a_word_that_begins_with_t_stops_charging_for_a_moment_only(tmp):
    """``tag CARD`` for ``auth CARD`` is no emergency stop: the transaction goes on."""
    async with ConsoleSite(tmp) as site:
        gate = site.kernel["gate"]
        await site.charge()
        await site.type("t")
        assert gate.blocking() == ["stop_cleared"] and not gate.enabled.value
        text = await site.type("ag CARD\n")
        assert "t stopped charging for a moment" in text and "did you mean auth?" in text, text
        assert "EMERGENCY STOP" not in text and "pressed" not in text
        await site.wait_charging(900)
        assert gate.blocking() == ["stop_cleared"]
        await site.wait_charging(150)
        assert gate.enabled.value and gate.emergency_stop.value is False
        await site.wait_charging(3000)
        assert site.kernel["ocpp"].outlets[0].transactions.current.id_tag == "CARD-7" and gate.enabled.value
        assert site.kernel["store"].get("console.stop") is None


async def test_a_word_does_not_release_an_emergency_stop_that_was_held_before(tmp):
    async with ConsoleSite(tmp) as site:
        await site.type("t\n")
        text = await site.type("tag CARD\n")
        assert "did you mean auth?" in text and "moment" not in text
        await site.wait(3000)
        assert site.kernel["gate"].emergency_stop.value is True and site.kernel["store"].get("console.stop")


async def test_the_stop_key_closes_the_gate_without_any_memory(tmp):
    async with ConsoleSite(tmp) as site:
        gate, console = site.kernel["gate"], site.kernel["console"]
        await site.charge()
        micropython.heap_lock()
        try:
            console.feed(0x74)
        except MemoryError:
            pass  # what comes after it
        closed = not gate.enabled.value
        micropython.heap_unlock()
        assert closed
        await site.type("\n")
        assert gate.emergency_stop.value is True and site.kernel["store"].get("console.stop")


async def test_the_emergency_stop_lasts_over_a_power_cut_and_its_release_too(tmp):
    for keys in ("t\n", "t"):  # nor does the power wait until the key is decided
        async with ConsoleSite(tmp) as site:
            await site.type(keys)
            await site.cut_power()
        async with ConsoleSite(tmp) as site:
            assert site.kernel["gate"].emergency_stop.value is True and "still pressed" in site.screen.text
            await site.type("s\n")
            await site.cut_power()
        async with ConsoleSite(tmp) as site:
            assert site.kernel["gate"].emergency_stop.value is False
            await site.cut_power()
    async with ConsoleSite(tmp) as site:
        await site.type("tag")
        await site.cut_power()
    async with ConsoleSite(tmp) as site:
        assert site.kernel["gate"].emergency_stop.value is False


async def test_the_stop_works_when_the_journal_does_not(tmp):
    async with ConsoleSite(tmp) as site:
        await site.kernel["store"].stop()  # no commit succeeds any more
        text = await site.type("t\n")
        assert site.kernel["gate"].emergency_stop.value is True
        assert "not kept over a restart" in text and "EMERGENCY STOP" in text
        await site.type("s\n")
        assert site.kernel["gate"].emergency_stop.value is False


async def test_a_console_that_fails_while_the_key_is_undecided_comes_back_with_the_stop(tmp):
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].load_keyboard()._add = None  # as when memory ends behind the keystroke
        await site.type("t")
        assert "stop_cleared" in site.kernel["gate"].blocking()
        await site.wait(1100)  # the kernel starts it again
        assert site.kernel["gate"].emergency_stop.value is True
