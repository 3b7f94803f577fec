"""The console: what a person at the charger's terminal sees and may do."""

import asyncio
from micropython import const

from core.kernel import STOPPED
from core.loading import drop_unmade, unload
from core.tasks import together
from core.text import printable

_STATUS_MS = const(10000)
_STEP_MS = const(50)  # while the stop key waits
_ANSWERS_MAX = const(10)
_STOP_KEYS = const(b"tT")
_LOADED = const((
    "components.console.outlets",
    "components.console.pages",
    "components.console.records",
    "components.console.overview",
    "components.console.figures",
))  # fmt: skip


class Console:
    """Keys and words on the terminal; two status lines every 10 s; the log's lines.

    A front end over `operator`. ``t`` as the first key of a line closes the gates at the keystroke. It is the emergency
    stop, which lasts, also over a restart, until ``s`` releases it, unless a letter comes within 500 ms. Ctrl-C (byte
    3, also on a pipe) ends the firmware in order. ``unknown`` counts what was not understood. At the end of the input
    the status lines go on.
    """

    requires = ("terminal", "operator", "kernel", "clock", "log")

    def __init__(self, terminal, operator, kernel, clock, log):
        self.unknown = 0
        self.muted = False
        self._terminal = terminal
        self._log = log
        self._clock = clock
        self.kernel = kernel
        self._operator = operator
        self._stop = operator.emergency
        self._stop.watch(self._tell_stop)
        self.echo = None
        self.keyboard = self._lines = None  # while something is typed
        self._last = 0
        self._history = []
        self.shown = []  # a snapshot and the pages that are loaded
        self._write_before = None
        self._answers = []  # iterators of lines
        self._to_write = asyncio.Event()

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        self._write_before = self._log.tail.write_by(self._log_line)
        if self._terminal.echo:
            self.echo = self._terminal.write
        if self._operator.emergency_stop.value:
            self._say("the emergency stop is still pressed; s releases it")

    async def stop(self):
        while self._answers:
            self._write_line()
        if self._write_before is not None:
            self._log.tail.write_by(self._write_before)

    async def run(self):
        await together(self._read(), self._write(), self._report())

    async def _read(self):
        buf = bytearray(32)
        while True:
            count = await self._terminal.read(buf)
            if not count:
                self._log.info("the input has ended")
                await asyncio.Event().wait()
            for i in range(count):
                self.feed(buf[i])
            self._to_write.set()
            await self._clock.sleep_ms(0)  # a flood of input must not keep others waiting

    async def _write(self):
        """Write the answers line by line: on a serial line a page takes longer than others may have to wait."""
        while True:
            if self._stop.waits() and self._stop.due():
                self._settle()
            if self._answers:
                self._write_line()
                await self._clock.sleep_ms(0)
            elif self._stop.waits():
                await self._clock.sleep_ms(_STEP_MS)
            else:
                self._let_go()
                self._to_write.clear()
                await self._to_write.wait()

    def _write_line(self):
        try:
            self._say(next(self._answers[0]))
        except StopIteration:
            self._answers.pop(0)
        except MemoryError:
            drop_unmade()
            self._answers.pop(0)
            self.not_understood("no memory for the rest of that now")

    async def _report(self):
        while True:
            await self._clock.sleep_ms(_STATUS_MS)
            if not self.muted:
                self._say_status()

    def _say_status(self):
        try:
            from components.console.overview import status_lines

            for line in status_lines(self._operator.snapshot()):
                self._say(line)
        except MemoryError:
            drop_unmade()  # in 10 s there is more
        if not self.shown:
            self._let_go()

    # --- output -----------------------------------------------------------------------------------------------

    def _say(self, line):
        """Write a line, whatever a peer has put into it; what is being typed moves below it."""
        line = printable(line)
        typed = self.keyboard.shown() if self.echo and self.keyboard else ""
        if typed:
            self._terminal.write("\r\x1b[K%s\n%s" % (line, typed))
        else:
            self._terminal.write(line + "\n")

    def _log_line(self, line):
        if not self.muted or line.startswith("E"):
            self._say(line)

    def _tell_stop(self, held):
        if held:
            self._say("EMERGENCY STOP: charging is disabled until s releases it")
        else:
            self._say("t stopped charging for a moment; a word begins with it, so the gate may open again in 1 s")

    def not_understood(self, what, meant=""):
        self.unknown += 1
        self._say("ignored: %s; %sh shows help" % (what, "did you mean %s? " % meant if meant else ""))

    # --- keys -------------------------------------------------------------------------------------------------

    def feed(self, byte):
        """One byte from the terminal. The stop key closes the gate before anything is loaded for what it may become."""
        stops = self.keyboard is None and not self._stop.pending and byte in _STOP_KEYS
        if stops:
            self._stop.press()
        try:
            keyboard = self.load_keyboard()
        except MemoryError:
            drop_unmade()
            if self._stop.pending:
                self._stop.hold()  # nothing can make a word of it
            else:
                self.not_understood("no memory for keys now")
            return
        if stops:
            keyboard.take(byte)
        else:
            keyboard.feed(byte)

    def load_keyboard(self):
        """What edits a line, while one is typed. Raises MemoryError."""
        if self.keyboard is None:
            from components.console.keyboard import Keyboard
            from components.console.lines import Lines

            lines, end = Lines(self, self._operator), lambda: self.kernel.request_exit(STOPPED, "Ctrl-C")
            keyboard = Keyboard(self._stop, lines.run, self.not_understood, end, lines.complete)
            keyboard.echo, keyboard.last, keyboard.history = self.echo, self._last, self._history
            self.keyboard, self._lines = keyboard, lines
        return self.keyboard

    def _settle(self):
        if self.keyboard is None:
            self._stop.hold()
        else:
            self.keyboard.settle()

    # --- what is loaded ---------------------------------------------------------------------------------------

    def _let_go(self):
        self.shown.clear()
        for name in _LOADED:
            unload(name)
        if self.keyboard is not None and self._lines is not None:
            self._lines.forget_commands()
            if self.keyboard.is_idle():
                self._last = self.keyboard.last
                self.keyboard = self._lines = None
                unload("components.console.keyboard")
                unload("components.console.lines")

    def answer(self, lines):
        """Have an iterable of lines written."""
        if len(self._answers) < _ANSWERS_MAX:
            self._answers.append(iter(lines))
            self._to_write.set()
        else:
            self.not_understood("too many commands at once")


def after_failure(*arguments):
    """For main.py, on a device: see `components.console.recovery`, which is loaded only then."""
    from components.console.recovery import after_failure

    return after_failure(*arguments)
