"""The console: what a person at the charger's terminal sees and may do."""

import asyncio
from micropython import const

from components.console.overview import Overview, Writes
from components.console.stopkey import StopKey
from core.kernel import STOPPED
from core.loading import unload
from core.tasks import together
from core.text import printable

_STATUS_MS = const(10000)
_STEP_MS = const(50)  # while the stop key waits
_ANSWERS_MAX = const(50)
_STOP_KEYS = const(b"tT")
_LOADED = const(("components.console.commands", "components.console.pages", "core.nearest"))


class Console:
    """Keys and words on the terminal; two status lines every 10 s; the log's lines.

    ``t`` as the first key of a line closes the gate at the keystroke. It is the emergency stop, which lasts, also over
    a restart, until ``s`` releases it, unless a letter comes within 500 ms (see `StopKey`). Ctrl-C (byte 3, also on a
    pipe) ends the firmware in order. ``unknown`` counts what was not understood. At the end of the input the status
    lines go on.
    """

    requires = (
        "terminal", "kernel", "clock", "log", "store", "gate",
        "can", "bms", "charger", "meter", "plug", "ocpp", "wifi", "health",
    )  # fmt: skip
    keeps = ("console.stop",)

    def __init__(self, terminal, kernel, clock, log, store, gate, can, bms, charger, meter, plug, ocpp, wifi, health):
        self.unknown = 0
        self.muted = False
        self._terminal = terminal
        self._log = log
        self._clock = clock
        self._kernel = kernel
        self.stop_key = StopKey(clock, log, store, kernel, self._say)
        self._overview = Overview(clock, gate, bms, charger, meter, ocpp, wifi, health)
        self._writes = Writes(clock, gate, store)
        parts = kernel, clock, store, gate, can, bms, charger, meter, plug, ocpp, wifi, health
        self._shown = parts + (self._overview, self._writes)
        self.echo = None
        self.keyboard = None  # while something is typed
        self._last = 0
        self._history = []
        self._loaded = None  # the Commands
        self._write_before = None
        self._answers = []  # iterators of lines
        self._to_write = asyncio.Event()

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        tail = self._log.tail
        self._write_before, tail.write = tail.write, self._log_line
        if self._terminal.echo:
            self.echo = self._terminal.write
        self._writes.begin()
        self.stop_key.start()

    @property
    def tail(self):
        """The last lines of the log."""
        return self._log.tail

    async def stop(self):
        while self._answers:
            self._write_line()
        if self._write_before is not None:
            self._log.tail.write = self._write_before

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
            if self.stop_key.waits() and self.stop_key.due():
                self._settle()
            if self._answers:
                self._write_line()
                await self._clock.sleep_ms(0)
            elif self.stop_key.waits():
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

    async def _report(self):
        while True:
            await self._clock.sleep_ms(_STATUS_MS)
            if not self.muted:
                for line in self._overview.lines():
                    self._say(line)

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

    def not_understood(self, what, meant=""):
        self.unknown += 1
        self._say("ignored: %s; %sh shows help" % (what, "did you mean %s? " % meant if meant else ""))

    # --- keys -------------------------------------------------------------------------------------------------

    def feed(self, byte):
        """One byte from the terminal. The stop key closes the gate before anything is loaded for what it may become."""
        stops = self.keyboard is None and not self.stop_key.pending and byte in _STOP_KEYS
        if stops:
            self.stop_key.press()
        try:
            keyboard = self.load_keyboard()
        except MemoryError:
            if self.stop_key.pending:
                self.stop_key.hold()  # nothing can make a word of it
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

            keyboard = Keyboard(self.stop_key, self._run_line, self.not_understood, self._end, self._complete)
            keyboard.echo, keyboard.last, keyboard.history = self.echo, self._last, self._history
            self.keyboard = keyboard
        return self.keyboard

    def _settle(self):
        if self.keyboard is None:
            self.stop_key.hold()
        else:
            self.keyboard.settle()

    # --- commands ---------------------------------------------------------------------------------------------

    def _commands(self):
        """What can be asked for: loaded for a line that is typed, and let go by `_write` when all is written."""
        if self._loaded is None:
            from components.console.commands import Commands

            self._loaded = Commands(self, *self._shown)
            self._to_write.set()
        return self._loaded

    def _let_go(self):
        self._loaded = None
        for name in _LOADED:
            unload(name)
        if self.keyboard is not None and self.keyboard.is_idle():
            self._last = self.keyboard.last
            self.keyboard = None
            unload("components.console.keyboard")

    def _run_line(self, line):
        """Do what a line says, now. What is to be read about it is written by and by, so that no key has to wait."""
        if line.partition(" ")[0] in ("t", "T"):  # a stop loads nothing
            self.stop_key.press()
            self.stop_key.hold()
            return
        try:
            commands = self._commands()
        except MemoryError:
            self._let_go()
            self.not_understood("no memory for commands now")
            return
        lines = commands.run(line)
        if lines is not None:
            self._answer(lines)

    def _complete(self, typed):
        """What Tab adds to what is typed: the rest of a word; which words there are is shown, if several."""
        rest, words = self._commands().complete(typed)
        if words:
            self._answer(words)
        return rest

    def _answer(self, lines):
        if len(self._answers) < _ANSWERS_MAX:
            self._answers.append(iter(lines))
            self._to_write.set()
        else:
            self.not_understood("too many commands at once")

    def _end(self):
        self._kernel.request_exit(STOPPED, "Ctrl-C")


def after_failure(*arguments):
    """For main.py, on a device: see `components.console.recovery`, which is loaded only then."""
    from components.console.recovery import after_failure

    return after_failure(*arguments)
