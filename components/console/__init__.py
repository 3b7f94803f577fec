"""The console: what a person at the charger's terminal sees and may do."""

import asyncio
from micropython import const

from components.console.keyboard import Keyboard
from components.console.pages import Pages
from core.kernel import RESTART, STOPPED
from core.tasks import together
from core.text import printable

_STATUS_MS = const(10000)
_STOPPED = "console.stop"  # in the store while the emergency stop is pressed
_ANSWERS_MAX = const(50)

# Word, arguments or "", meaning, method of the pages or, with an underscore, of the console, which gets the text behind
# the word if there are arguments. All constant: a frozen table takes no RAM.
_COMMANDS = (
    ("1", "", "BMS data", "bms_data"),
    ("2", "", "charger data", "charger_data"),
    ("3", "", "output voltage, current, temperature", "output_data"),
    ("4", "", "terminal data", "terminal_data"),
    ("5", "", "all", "everything"),
    ("s", "", "start: release the emergency stop", "_start"),
    ("t", "", "stop: emergency stop, at the keystroke", "_emergency_stop"),
    ("0", "", "mute and unmute", "_mute"),
    ("h", "", "this help", "_help"),
    ("auth", "TAG", "present an idTag", "_auth"),
    ("status", "", "state and counters", "status"),
    ("why", "", "what forbids charging", "why"),
    ("config", "[KEY [VALUE]]", "show or set the OCPP configuration", "_config"),
    ("log", "", "the last log lines", "_show_log"),
    ("components", "", "the components and their state", "components"),
    ("reset", "", "restart", "_reset"),
)


class Console:
    """Keys and words on the terminal; two status lines every 10 s; the log's lines.

    ``t`` at the start of a line is the emergency stop, at the keystroke. It lasts, also over a restart, until ``s``
    releases it. Ctrl-C (byte 3, also on a pipe) ends the firmware in order. ``unknown`` counts what was not understood.
    At the end of the input the status lines go on.
    """

    requires = (
        "terminal", "kernel", "clock", "log", "store", "gate",
        "can", "bms", "charger", "plug", "ocpp", "wifi", "health",
    )  # fmt: skip

    def __init__(self, terminal, kernel, clock, log, store, gate, can, bms, charger, plug, ocpp, wifi, health):
        self.unknown = 0
        self.muted = False
        self._terminal = terminal
        self._log = log
        self._clock = clock
        self._kernel = kernel
        self._gate = gate
        self._ocpp = ocpp
        self._plug = plug
        self._store = store
        self._pages = Pages(kernel, clock, store, gate, can, bms, charger, plug, ocpp, wifi, health)
        self._keyboard = Keyboard("t", self._run_line, self._run_line, self._not_understood, self._end)
        self._write_before = None
        self._answers = []  # iterators of lines
        self._to_write = asyncio.Event()

    # --- life -------------------------------------------------------------------------------------------------

    async def start(self):
        tail = self._log.tail
        self._write_before, tail.write = tail.write, self._log_line
        if self._terminal.echo:
            self._keyboard.echo = self._terminal.write
        self._pages.writes.begin()
        if self._store.get(_STOPPED):
            self._gate.emergency_stop.set(True)
            self._log.warning("the emergency stop is still pressed; s releases it")

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
                self._keyboard.feed(buf[i])
            await self._clock.sleep_ms(0)  # a flood of input must not keep others waiting

    async def _write(self):
        """Write the answers line by line: on a serial line a page takes longer than others may have to wait."""
        while True:
            while self._answers:
                self._write_line()
                await self._clock.sleep_ms(0)
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
                for line in self._pages.periodic():
                    self._say(line)

    # --- output -----------------------------------------------------------------------------------------------

    def _say(self, line):
        """Write a line, whatever a peer has put into it; what is being typed moves below it."""
        line = printable(line)
        typed = self._keyboard.text() if self._keyboard.echo else ""
        if typed:
            line = "\r\x1b[K%s\n%s" % (line, typed)
            self._terminal.write(line)
        else:
            self._terminal.write(line + "\n")

    def _log_line(self, line):
        if not self.muted or line.startswith("E"):
            self._say(line)

    def _not_understood(self, what):
        self.unknown += 1
        self._say("ignored: %s; h shows help" % what)

    # --- commands ---------------------------------------------------------------------------------------------

    def _run_line(self, line):
        """Do what a line says, now. What is to be read about it is written by and by, so that no key has to wait."""
        word, _, rest = line.partition(" ")
        for name, arguments, _, method in _COMMANDS:
            if name == word:
                function = getattr(self if method[0] == "_" else self._pages, method)
                self._answer(function(rest.strip()) if arguments else function())
                return
        self._not_understood(repr(line[:40]))

    def _answer(self, lines):
        if len(self._answers) < _ANSWERS_MAX:
            self._answers.append(iter(lines))
            self._to_write.set()
        else:
            self._not_understood("too many commands at once")

    def _help(self):
        for name, arguments, meaning, _ in _COMMANDS:
            yield "  %-10s %-14s %s" % (name, arguments, meaning)

    def _emergency_stop(self):
        self._gate.emergency_stop.set(True)  # first of all
        self._log.warning("emergency stop pressed")
        self._remember(True)
        return ("EMERGENCY STOP: charging is disabled until s releases it",)

    def _start(self):
        lines = []
        if self._gate.emergency_stop.value:
            self._remember(None)
            self._gate.emergency_stop.set(False)
            self._log.info("emergency stop released")
            lines.append("the emergency stop is released")
        if self._gate.enabled.value:
            lines.append("charging is enabled")
            return lines
        lines.append("charging is not allowed now, because of: " + ", ".join(self._gate.forbidding()))
        if self._ocpp.transaction is None:
            if not self._plug.plugged.value:
                lines.append("plug the vehicle in, and")
            lines.append("present a tag to start a transaction: auth TAG")
        return lines

    def _remember(self, pressed):
        try:
            if self._store.get(_STOPPED) != pressed:
                self._store.put(_STOPPED, pressed)
        except OSError as e:
            self._log.error("emergency stop not kept over a restart: %s", e)

    def _mute(self):
        self.muted = not self.muted
        return ("muted; 0 ends it" if self.muted else "not muted",)

    def _auth(self, tag):
        if not tag:
            return ("which tag? auth TAG",)
        return ("tag %s: %s" % (tag, self._ocpp.present_tag(tag) or "presented"),)

    def _config(self, text):
        name, _, value = text.partition(" ")
        if not value:
            found = self._ocpp.get(name or None)
            return map(_setting, found) if found else ("%s: no such key" % name,)
        try:
            return ("%s: %s" % (name, self._ocpp.set(name, value.strip())),)
        except OSError as e:
            return ("%s: not stored: %s" % (name, e),)

    def _show_log(self):
        return list(self._log.tail.lines)

    def _end(self):
        self._kernel.request_exit(STOPPED, "Ctrl-C")

    def _reset(self):
        self._kernel.request_exit(RESTART, "reset on the console")
        return ("restarting",)


def _setting(entry):
    """A configuration key for people."""
    name, value, read_only = entry
    shown = "***" if value is None else value
    return "  %s = %s%s" % (name, shown, " (read-only)" if read_only else "")
