"""Entry of the firmware: ``micropython main.py BOARD --home DIR``.

BOARD is a module of boards/, or, with a dot in it, any module on the path: ``myboards.kiosk``.

Exit status: 0 orderly stop (Ctrl-C), 2 wrong arguments or settings, 3 "start me again" (Reset, update).
"""

import asyncio
import sys

_ROOT = __file__.rpartition("/")[0] or "."
for _path in (_ROOT + "/lib", _ROOT):
    if _path not in sys.path:
        sys.path.insert(0, _path)

from core.clock import Clock  # noqa: E402
from core.declare import DeclarationError  # noqa: E402
from core.kernel import Kernel  # noqa: E402
from core.log import Log, LogTail  # noqa: E402
from core.settings import read_settings  # noqa: E402

_USAGE = "usage: micropython main.py BOARD --home DIR"
_WRONG = 2


def load_board(name):
    """The module ``boards.NAME``, or ``NAME`` itself if it is a dotted one. Raises DeclarationError."""
    try:
        return __import__(name if "." in name else "boards." + name, None, None, ("NAME",))
    except ImportError as e:
        raise DeclarationError("board %s not found: %s" % (name, e))


def build(board_name, home):
    """The kernel of a board with the settings in its home. Raises DeclarationError."""
    clock = Clock()
    log = Log(LogTail(clock), "main")
    return Kernel(load_board(board_name), read_settings(home + "/settings.json"), clock, log, home)


def run(kernel):
    """Run to the end; returns the exit status.

    A Ctrl-C that comes during a garbage collection leaves MicroPython's heap locked for good: then the gate is closed,
    which needs no memory, and that is all that can be done.
    """
    life, interrupted, close = kernel.run, kernel.interrupted, kernel.alive.set  # all made now, for the same reason
    leave = SystemExit(0)
    while True:
        try:
            return asyncio.run(life())
        except KeyboardInterrupt:
            life = interrupted
        except MemoryError:
            try:
                close(False)
            except MemoryError:
                pass  # from whoever was told after the gate
            if life is interrupted or _heap_is_locked():
                raise leave
            raise


def _heap_is_locked():
    try:
        return not bytearray(16)
    except MemoryError:
        return True


def main(arguments):
    """Start the firmware with the command line's arguments; returns the exit status."""
    if len(arguments) != 3 or arguments[1] != "--home":
        print(_USAGE)
        return _WRONG
    try:
        kernel = build(arguments[0], arguments[2])
    except DeclarationError as e:
        print("ucharge:", e)
        return _WRONG
    return run(kernel)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
