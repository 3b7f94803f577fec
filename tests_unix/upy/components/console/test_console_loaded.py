"""What the console loads while somebody uses it, and lets go of; and what it does without memory for that."""

import sys

from console_site import ConsoleSite


class NoMemory:
    """A module for which there is no memory."""

    @staticmethod
    def Commands(*parts):
        raise MemoryError

    Keyboard = status_lines = Commands


async def test_commands_are_loaded_for_a_line_and_let_go_when_all_is_written(tmp):
    """Some 3 KB of a device's heap: between two lines nothing of them is there, whatever was asked for."""
    names = "components.console.commands", "components.console.pages", "components.console.keyboard"
    async with ConsoleSite(tmp) as site:
        for typed in ("status\n", "5\nwhy\nh\n", "co\t\x15", "nonsense\n", "auth\n"):
            await site.type(typed)
            assert not any(name in sys.modules for name in names), typed


async def test_without_memory_for_commands_that_is_said_and_a_stop_stops_all_the_same(tmp):
    async with ConsoleSite(tmp) as site:
        sys.modules["components.console.commands"] = NoMemory
        assert "ignored: no memory for commands now" in await site.type("status\n")
        sys.modules["components.console.commands"] = NoMemory
        assert "EMERGENCY STOP" in await site.type(" t\n")
        assert site.kernel.emergency_stop.value and site.kernel.parts[-1].failures == 0
        sys.modules.pop("components.console.commands", None)
        assert "State:" in await site.type("status\n")


async def test_without_memory_for_a_page_the_console_goes_on(tmp):
    """It is the emergency stop's key, too."""
    async with ConsoleSite(tmp) as site:
        sys.modules["components.console.overview"] = NoMemory
        assert "ignored: no memory for the rest of that now" in await site.type("status\n")
        sys.modules["components.console.overview"] = NoMemory
        await site.wait(10000)  # its own lines
        assert site.kernel.parts[-1].failures == 0 and all(part.failures == 0 for part in site.kernel.parts)
        sys.modules.pop("components.console.overview", None)
        assert "State:" in await site.type("status\n")


async def test_what_was_typed_is_there_again_for_a_keyboard_that_was_let_go(tmp):
    async with ConsoleSite(tmp) as site:
        site.kernel["console"].echo = site.screen.write
        await site.type("why\r\n")
        await site.type("status\r")
        assert site.kernel["console"].keyboard is None
        assert await site.type("\n") == "", "the rest of the line's end"
        await site.type("\x1b[A\x1b[A")
        assert site.kernel["console"].keyboard.text() == "why"


async def test_without_memory_for_keys_the_stop_key_is_the_emergency_stop_at_once(tmp):
    async with ConsoleSite(tmp) as site:
        await site.charge()
        await site.wait(1000)
        sys.modules["components.console.keyboard"] = NoMemory
        assert "ignored: no memory for keys now" in await site.type("h")
        sys.modules["components.console.keyboard"] = NoMemory
        assert "EMERGENCY STOP" in await site.type("t")
        assert not site.kernel["gate"].enabled.value and site.kernel["store"].get("console.stop")
        sys.modules.pop("components.console.keyboard", None)
        assert "released" in await site.type("s\n")
