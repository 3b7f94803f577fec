"""Recovery of a device that does not start."""

import asyncio
import gc
import sys
from micropython import const

from core.board import entries
from core.failures import SETTINGS_REQUESTED, failures
from core.loading import unload
from core.parts import DeclarationError

_STARTS = const(3)  # so many failures in a row wait for an operator
_IDLE_MAX_S = const(300)
_FAILED = const("This charger has failed to start three times in a row. It waits here for settings, or a restart.")
_STOPPED = const("This charger is stopped, and its settings can be changed here.")


def after_failure(words, wrong, feed, interrupted, place, load_board, assemble):
    """Count a start that failed; returns whether the REPL is wanted, else it is time to reset.

    An image on trial is always reset, for that has the bootloader take back the one before. Otherwise the third start
    in a row waits at a prompt that takes settings (see `Setup`). Wrong declarations or settings (`wrong`) do not become
    right by a reset, so there it waits for ever. What does not start although they are right may be a setting all the
    same, or hardware that comes back: then it resets, but only 5 minutes after the last key.

    If the console's command `settings` requested the prompt it comes at once, and waits as long.

    words: what failed. feed(): feeds the watchdog. The others are functions of main.py.
    """
    requested = failures() == SETTINGS_REQUESTED
    if requested:
        failures(0)  # the next start is a usual one
    elif _on_trial() or failures(min(failures() + 1, _STARTS)) < _STARTS:
        return interrupted()
    asyncio.new_event_loop()  # lets go of the tasks of what did not start
    try:
        name, home = place([])
        board = load_board(name)
    except (DeclarationError, TypeError):
        return interrupted()  # the image itself is faulty: no setting helps
    _unload_parts(board)
    from components.console.setup import Setup

    setup = Setup(board, home + "/settings.json", lambda settings: assemble(board, settings, home), feed)
    return setup.run(_STOPPED if requested else _FAILED, words, 0 if wrong else _IDLE_MAX_S)


def _unload_parts(board):
    """For room, and to have the options of their classes again, which `Kernel.forget_declarations` deletes."""
    parts = [entry["use"].partition(":")[0] for _, entry in entries(board)]
    for name in list(sys.modules):
        if name in parts or name.partition(".")[0] in ("components", "drivers"):
            unload(name)
    gc.collect()


def _on_trial():
    """Whether the bootloader goes back to the image before this one at a reset."""
    try:  # not by an import statement: it is frozen where a board declares it
        return __import__("drivers.ota", None, None, ("pending",)).pending()
    except ImportError:
        return False
    except OSError:
        return True  # not known
