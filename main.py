"""Entry of the firmware: ``micropython main.py BOARD --home DIR``.

BOARD is a module of boards/, or, with a dot in it, any module on the path: ``myboards.kiosk``.

In an image the generated module ``image`` has the board it was made for (BOARD) and VERSION: then BOARD is left out,
and so may be the home where the board has a HOME, the place in its file system. On a device that is "/" without one.
CTRL_C of it is -1 where that byte is no interrupt.

Exit status: 0 orderly stop (Ctrl-C), 1 a component did not start, 2 wrong arguments, settings or declarations,
3 "start me again" (Reset, update). A device, which has no exit status, resets: see `run_on_device`.
"""

import sys

if ".frozen" not in sys.path:  # MICROPYPATH, where set, names the directories itself
    sys.path.append(".frozen")

_PAUSE_S = 10


def is_device():
    """Whether this is a microcontroller, where an exit status has no reader."""
    try:
        import machine
    except ImportError:
        return False
    return hasattr(machine, "reset")


if is_device():  # at once, Ctrl-C is a byte: a client of Improv, whose frames have it, does not wait for the start
    __import__("micropython").kbd_intr(-1)

import asyncio  # noqa: E402  # not before that

try:
    import image  # where it is, all the rest is
except ImportError:
    image = None
    _ROOT = __file__.rpartition("/")[0] or "."
    for _path in (_ROOT + "/lib", _ROOT):
        if _path not in sys.path:
            sys.path.insert(0, _path)


def start_quickly():
    """Some hundred imports of a start cost less.

    What MicroPython has built in, such as ``time``, may be extended: each import of it looks into the file system for
    one that does, which takes 0.1 M instructions and reads the flash, unless it is known to be loaded.
    """
    path = sys.path[:]
    sys.path[:] = []
    names = "array binascii collections errno io json machine micropython os random select struct time"
    for name in names.split(" "):
        try:
            sys.modules[name] = sys.modules.get(name) or __import__(name)
        except ImportError:
            pass  # some other port's
    sys.path[:] = path


if image is not None:
    start_quickly()

if is_device():
    __import__("micropython").kbd_intr(getattr(image, "CTRL_C", 3))


def interrupted():
    """Before a reset: whether there came a Ctrl-C, which is to lead to the REPL, within 10 s."""
    import micropython
    import time

    micropython.kbd_intr(3)
    print("reset in %d s, Ctrl-C for the REPL" % _PAUSE_S)
    try:
        time.sleep(_PAUSE_S)
    except KeyboardInterrupt:
        return True
    return False


try:
    from core.clock import Clock
    from core.kernel import RESTART, Kernel, StartError
    from core.loading import unload
    from core.log import Log, LogTail
    from core.parts import DeclarationError, exception_text
except Exception as _error:
    if is_device():  # no REPL: before the watchdog is armed nothing would end an image's trial there
        sys.print_exception(_error)
        if not interrupted():
            import machine

            machine.reset()
    raise

_USAGE = "usage: micropython main.py BOARD --home DIR"
_IMAGE_USAGE = "usage: ucharge --home DIR"
_FAILED = 1
_WRONG = 2


def load_board(name):
    """The module ``boards.NAME``, or ``NAME`` itself if it is a dotted one. Raises DeclarationError."""
    try:
        return __import__(name if "." in name else "boards." + name, None, None, ("NAME",))
    except ImportError as e:
        raise DeclarationError("board %s not found: %s" % (name, e))
    except Exception as e:
        raise DeclarationError("board %s cannot be loaded: %s" % (name, exception_text(e))).because(e)


def build(board_name, home):
    """The kernel of a board with the settings in its home, and its identity. Raises DeclarationError."""
    from core.settings import read_settings  # what only building needs is let go of

    board = load_board(board_name)
    kernel = assemble(board, read_settings(home + "/settings.json"), home, True)
    if image is not None:  # the one board of this device is built: what declared it may leave the heap
        kernel.forget_declarations()
        for package in (board.__name__.partition(".")[0], "boards"):
            there = [name for name in sys.modules if name.startswith(package)]  # of all names the list is too long
            for name in there:
                if name.partition(".")[0] == package:
                    unload(name)  # a board may be made of another, also one from elsewhere of one of ours
    return kernel


def assemble(board, settings, home, begin=False):
    """The kernel of a board with these settings, over which its identity is laid. Raises DeclarationError.

    begin: what is early begins; else it is only to see whether they are right.
    """
    from core.settings import lay_identity_over

    clock = Clock() if image is None else Clock(image.BUILT * 1000)
    tail = LogTail(clock) if image is None else LogTail(clock, keep=20, size=1000)  # a device's heap is small
    return Kernel(board, lay_identity_over(settings, board), clock, Log(tail, "main"), home, begin)


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
                pass  # from a watcher that was called after the gate
            if life is interrupted or _heap_is_locked():
                raise leave
            raise


def _heap_is_locked():
    try:
        return not bytearray(16)
    except MemoryError:
        return True


def place(arguments):
    """(board's name, home) by the command line and the image; None if neither names one. Raises DeclarationError."""
    if image is None:
        return (arguments[0], arguments[2]) if len(arguments) == 3 and arguments[1] == "--home" else None
    if len(arguments) == 2 and arguments[0] == "--home":
        return image.BOARD, arguments[1]
    home = None if arguments else getattr(load_board(image.BOARD), "HOME", "/" if is_device() else None)
    return None if home is None else (image.BOARD, home.rstrip("/"))


def main(arguments):
    """Start the firmware with the command line's arguments; returns the exit status."""
    from core.hold import hold

    held = None
    try:
        where = place(arguments)
        if where is None:
            print(_USAGE if image is None else _IMAGE_USAGE)
            return _WRONG
        held = hold(where[1])
        return run(build(*where))
    except DeclarationError as e:
        print("ucharge:", e)
        return _WRONG
    except StartError as e:
        print("ucharge:", e)
        return _FAILED
    finally:
        if held is not None:
            held.close()


def run_on_device():
    """`main` where an exit status has no reader, and SystemExit would only start main.py again: it ends with a reset.

    It returns, for the REPL, after Ctrl-C. A start that fails, settings included, is logged, and 10 s later it resets:
    so a new image that does not even start is rolled back. The third one in a row waits for an operator, see
    components/console/recovery.py.
    """
    import machine

    words, wrong, feed = _live()
    repl = not words
    if words:
        print("ucharge:", words)
        repl = _after_failure(words, wrong, feed)
    if not repl:
        machine.reset()


def _after_failure(words, wrong, feed):
    """Whether the REPL is wanted; else it is time to reset. A board without a console only resets."""
    try:
        module = __import__("components.console", None, None, ("after_failure",))  # it is frozen where it is declared
        return module.after_failure(words, wrong, feed, interrupted, place, load_board, assemble)
    except Exception as e:  # whatever it was: not the end of all
        if not isinstance(e, ImportError):
            sys.print_exception(e)
        return interrupted()


def _live():
    """Start, and run until the end. Resets if that is requested; else returns what `after_failure` takes.

    Those are: what failed, "" after Ctrl-C; whether that is the declaration or the settings, which no reset cures; the
    watchdog's feed.
    """
    from core.failures import SETTINGS_REQUESTED, clear, failures

    feed, failed = _nothing, failures()
    unload("core.failures")
    if failed == SETTINGS_REQUESTED:
        return "settings prompt requested", False, feed
    try:
        where = place([])
        if where is None:
            return _IMAGE_USAGE, True, feed
        kernel = build(*where)
        feed = _feed_of(kernel.parts)
        if failed:
            kernel.alive.watch(clear)  # once all runs, earlier failures no longer count
        status = run(kernel)
    except DeclarationError as e:
        return str(e), not e.passes, _feed_of(e.parts)
    except StartError as e:
        return str(e), False, feed
    except Exception as e:
        sys.print_exception(e)
        return exception_text(e), False, feed
    if status == RESTART:
        import machine

        machine.reset()
    return "", False, feed


def _feed_of(parts):
    """The feed of the watchdog among them, which may have begun."""
    for part in parts:
        if part.name == "watchdog" and part.instance is not None:
            return part.instance.feed
    return _nothing


def _nothing():
    """Feeds no watchdog."""


if __name__ == "__main__":
    if is_device():
        run_on_device()
    else:
        sys.exit(main(sys.argv[1:]))
