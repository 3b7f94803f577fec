"""The log: levels, one line an event, and a bounded tail in memory for the console and for diagnostics."""

import io
import sys
from collections import deque
from micropython import const

from core.text import printable

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
LEVELS = {DEBUG: "D", INFO: "I", WARNING: "W", ERROR: "E"}
_RARE_MS = const(60000)
_LINE_MAX = const(400)  # characters; a longer line is cut


class LogTail:
    """Where all lines of one firmware end up: the last of them, and whatever `write(line)` does with them.

    A line is one line of printable text, whatever a peer has put into it (see `core.text`). At most `keep` lines are
    kept, and at most `size` characters.

    What `write` cannot write is counted in `lost`, so that a closed pipe never makes a log call fail; nor does a full
    memory.
    """

    def __init__(self, clock, write=print, keep=100, level=INFO, size=8000):
        self._clock = clock
        self.write = write
        self.lost = 0
        self.lines = deque((), keep)
        self._keep = keep
        self._size = size
        self._held = 0  # characters
        self.level = level
        self.counts = {DEBUG: 0, INFO: 0, WARNING: 0, ERROR: 0}

    def write_by(self, function):
        """Have ``function(line)`` write from now on, as a console does; returns who wrote before."""
        before, self.write = self.write, function
        return before

    def add(self, level, name, text):
        self.counts[level] += 1
        if level < self.level:
            return
        uptime_ms = self._clock.uptime_ms()
        text = printable(text, _LINE_MAX)
        line = "%s %d.%03d %s: %s" % (LEVELS[level], uptime_ms // 1000, uptime_ms % 1000, name, text)
        self._held += len(line)
        while self.lines and (len(self.lines) == self._keep or self._held > self._size):
            self._held -= len(self.lines.popleft())
        self.lines.append(line)
        if self.write:
            try:
                self.write(line)
            except OSError:
                self.lost += 1


class Log:
    """A component's own log: ``log.info("frame %x", id)``. Nothing is formatted below the level."""

    _rare = None  # {text: [when it was logged, times since]}, of those that have any

    def __init__(self, tail, name):
        self._tail = tail
        self.name = name

    def child(self, name):
        return Log(self._tail, name)

    @property
    def tail(self):
        return self._tail

    def _add(self, level, text, args):
        if level < self._tail.level:
            self._tail.counts[level] += 1
            return
        try:
            self._tail.add(level, self.name, text % args if args else text)
        except MemoryError:
            self._tail.lost += 1

    def debug(self, text, *args):
        self._add(DEBUG, text, args)

    def info(self, text, *args):
        self._add(INFO, text, args)

    def warning(self, text, *args):
        self._add(WARNING, text, args)

    def error(self, text, *args):
        self._add(ERROR, text, args)

    def rare(self, text, *args):
        """A warning that a peer can cause at will: at most one line a minute for each `text`, with the count."""
        now = self._tail._clock.uptime_ms()
        if self._rare is None:
            self._rare = {}
        entry = self._rare.get(text)
        if entry is None:
            entry = self._rare[text] = [now - _RARE_MS, 0]
        entry[1] += 1
        if now - entry[0] >= _RARE_MS:
            more = " (%d times since the last such line)" % entry[1] if entry[1] > 1 else ""
            entry[0], entry[1] = now, 0
            self._add(WARNING, text + more if not args else text % args + more, ())

    def exception(self, text, error, level=ERROR):
        """A line with the traceback of `error`."""
        out = io.StringIO()
        sys.print_exception(error, out)
        self._add(level, "%s", (text,))
        for line in out.getvalue().split("\n"):
            if line:
                self._add(level, "%s", ("  " + line,))
