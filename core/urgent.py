"""What blocks the loop is known by name; what must not wait goes before it, and what can wait does not begin."""

import time


class Urgent:
    """Calls what is known to block the loop (a flash erase takes 60 ms, switching on Wi-Fi some 500), with `block`.

    Functions ``() -> None`` that were given to `add` are called before: they handle what has already come, in bounded
    time, and raise nothing. A call within a call does nothing.

    ``longest``: {name: ms}, by the name that was given to `block`. ``late_ms``: how much of such steps was after the
    time `due_ms`; both are set by the component that watches the loop.
    """

    _running = False
    _blocking = False

    def __init__(self, clock=time):
        self._functions = ()
        self._busy = ()
        self._ticks_ms = clock.ticks_ms
        self.longest = {}
        self.due_ms = clock.ticks_ms()
        self.late_ms = 0

    def add(self, function):
        """Have ``function()`` called before the loop is blocked."""
        self._functions += (function,)

    def wait_while(self, busy):
        """While the Signal `busy` (bool) is True, nothing that can wait blocks the loop: see `calm`."""
        self._busy += (busy,)

    def calm(self):
        """May what can wait block the loop now?"""
        for busy in self._busy:
            if busy.value:
                return False
        return True

    def __call__(self):
        if self._running:
            return
        self._running = True
        try:
            for function in self._functions:
                function()
        finally:
            self._running = False

    def block(self, name, function, *arguments):
        """Return ``function(*arguments)``, which blocks the loop: its time goes by `name`.

        Within another one it counts as that. Afterwards nothing is allocated: what the function did is done.
        """
        self()
        if self._blocking:
            return function(*arguments)
        if name not in self.longest:
            self.longest[name] = 0
        self._blocking = True
        began = self._ticks_ms()
        try:
            return function(*arguments)
        finally:
            self._blocking = False
            self._count(name, began)

    def describe(self):
        """The longest of each, in words."""
        return ", ".join(["%s %d" % (name, self.longest[name]) for name in sorted(self.longest)]) or "-"

    def _count(self, name, began):
        now = self._ticks_ms()
        ms = time.ticks_diff(now, began)
        if ms > self.longest[name]:
            self.longest[name] = ms
        late_ms = min(ms, time.ticks_diff(now, self.due_ms))
        if late_ms > 0:
            self.late_ms += late_ms
