"""This process's terminal, shared with the firmware: what is typed goes to its console, and what a tool types, too."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import sys
import termios
import threading
from collections.abc import Callable, Iterator

CTRL_C = 0x03
_LFLAG, _CC = 3, 6  # places in the list of tcgetattr


class SharedInput:
    """The firmware's standard input, ``fd``: a terminal of its own if ours is one, else a pipe.

    What is typed here is passed on by a thread, byte by byte as it is: keys, Ctrl-C among them, are the console's to
    understand. on_ctrl_c: called in that thread when Ctrl-C passes.
    """

    def __init__(self, on_ctrl_c: Callable[[], object]):
        self._on_ctrl_c = on_ctrl_c
        if sys.stdin.isatty():
            self._to, self.fd = pty.openpty()
            keys_only(self.fd)
        else:
            self.fd, self._to = os.pipe()
        threading.Thread(target=self._pass_on, name="terminal", daemon=True).start()

    def type(self, text: str) -> bool:
        """Type a text in one piece; returns whether there was room for it, without waiting."""
        if not select.select((), (self._to,), (), 0)[1]:
            return False
        os.write(self._to, text.encode())
        return True

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # either end is closed, or the loop is
            while data := self._read():
                if CTRL_C in data:
                    self._on_ctrl_c()
                os.write(self._to, data)

    @staticmethod
    def _read() -> bytes:
        """What is typed next; empty: the end. A child that shares the terminal may have made it non-blocking."""
        while True:
            select.select((sys.stdin,), (), ())
            with contextlib.suppress(BlockingIOError):
                return os.read(sys.stdin.fileno(), 1024)


def keys_only(fd: int) -> list:
    """Have a terminal pass each key on, Ctrl-C as one; returns its attributes before."""
    attributes = termios.tcgetattr(fd)
    before = [*attributes[:_CC], list(attributes[_CC])]
    attributes[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
    attributes[_CC][termios.VINTR] = b"\0"
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return before


@contextlib.contextmanager
def shared_terminal() -> Iterator[None]:
    """Have our terminal, if there is one, pass keys on, and give it back as it was, however that ends."""
    if not sys.stdin.isatty():
        yield
        return
    before = keys_only(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
