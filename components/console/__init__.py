"""The console: what a person at the charger's terminal sees and may do."""

import asyncio
from micropython import const

from components.console.keyboard import Keyboard
from components.console.pages import Pages
from components.console.stopkey import StopKey
from core.kernel import RESTART, STOPPED
from core.nearest import did_you_mean, nearest
from core.tasks import together
from core.text import printable

_STATUS_MS = const(10000)
_STEP_MS = const(50)  # while the stop key waits
_ANSWERS_MAX = const(50)

# Word, arguments or "", meaning, method of the pages or, with an underscore, of the console, which gets the text behind
# the word if there are arguments. All constant: a frozen table takes no RAM.
_COMMANDS = const(
    (
        ("1", "", "BMS data", "bms_data"),
        ("2", "", "charger data", "charger_data"),
        ("3", "", "output voltage, current, temperature", "output_data"),
        ("4", "", "terminal data", "terminal_data"),
        ("5", "", "all", "everything"),
        ("s", "", "start: release the emergency stop", "_start"),
        ("t", "", "stop: emergency stop, at the keystroke", "_emergency_stop"),
        ("0", "", "mute and unmute", "_mute"),
        ("h", "", "help: this list", "_help"),
        ("auth", "TAG", "present an idTag", "_auth"),
        ("status", "", "state and counters", "status"),
        ("why", "", "what forbids charging", "why"),
        ("config", "[KEY [VALUE]]", "show or set the OCPP configuration", "_config"),
        ("log", "", "the last log lines", "_show_log"),
        ("components", "", "the components and their state", "components"),
        ("reset", "", "restart", "_reset"),
    )
)


class Console:
    """Keys and words on the terminal; two status lines every 10 s; the log's lines.

    ``t`` as the first key of a line closes the gate at the keystroke. It is the emergency stop, which lasts, also over
    a restart, until ``s`` releases it, unless a letter comes within 500 ms (see `StopKey`). Ctrl-C (byte 3, also on a
    pipe) ends the firmware in order. ``unknown`` counts what was not understood. At the end of the input the status
    lines go on.
    """

    requires = (
        "terminal", "kernel", "clock", "log", "store", "gate",
        "can", "bms", "charger", "plug", "ocpp", "wifi", "health",
    )  # fmt: skip
    keeps = ("console.stop",)

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
        self._stop_key = StopKey(clock, log, store, kernel, self._say)
        self._pages = Pages(kernel, clock, store, gate, can, bms, charger, plug, ocpp, wifi, health)
        self._keyboard = Keyboard(self._stop_key, self._run_line, self._not_understood, self._end, self._complete)
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
        self._stop_key.start()

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
            if self._stop_key.waits():
                self._to_write.set()
            await self._clock.sleep_ms(0)  # a flood of input must not keep others waiting

    async def _write(self):
        """Write the answers line by line: on a serial line a page takes longer than others may have to wait."""
        while True:
            if self._stop_key.waits() and self._stop_key.due():
                self._keyboard.settle()
            if self._answers:
                self._write_line()
                await self._clock.sleep_ms(0)
            elif self._stop_key.waits():
                await self._clock.sleep_ms(_STEP_MS)
            else:
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
        typed = self._keyboard.shown() if self._keyboard.echo else ""
        if typed:
            self._terminal.write("\r\x1b[K%s\n%s" % (line, typed))
        else:
            self._terminal.write(line + "\n")

    def _log_line(self, line):
        if not self.muted or line.startswith("E"):
            self._say(line)

    def _not_understood(self, what, meant=""):
        self.unknown += 1
        self._say("ignored: %s; %sh shows help" % (what, "did you mean %s? " % meant if meant else ""))

    # --- commands ---------------------------------------------------------------------------------------------

    def _run_line(self, line):
        """Do what a line says, now. What is to be read about it is written by and by, so that no key has to wait."""
        word, _, rest = line.partition(" ")
        word = word.lower()
        for name, arguments, _, method in _COMMANDS:
            if name == word:
                function = getattr(self if method[0] == "_" else self._pages, method)
                self._answer(function(rest.strip()) if arguments else function())
                return
        self._not_understood(repr(line[:40]), _meant(word))

    def _complete(self, typed):
        """What Tab adds to what is typed: the rest of a word; which words there are is shown, if several."""
        found = [name for name, _, _, _ in _COMMANDS if len(name) > 1 and name.startswith(typed.lower())]
        if len(found) == 1:
            return found[0][len(typed) :] + " "
        if not found:
            return ""
        self._answer((" ".join(found),))
        common = found[0]
        for name in found:
            while not name.startswith(common):
                common = common[:-1]
        return common[len(typed) :]

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
        self._stop_key.press()
        self._stop_key.hold()
        return ()

    def _start(self):
        lines = []
        self._kernel.release()
        if self._stop_key.release():
            lines.append("the emergency stop is released")
        if self._gate.enabled.value:
            lines.append("charging is enabled")
            return lines
        lines.append("charging is not allowed now: " + ", ".join(self._gate.obstacles()))
        if self._ocpp.transaction is None:
            if not self._plug.plugged.value:
                lines.append("plug the vehicle in, and")
            lines.append("present a tag to start a transaction: auth TAG")
        return lines

    def _mute(self):
        self.muted = not self.muted
        return ("muted; 0 ends it" if self.muted else "not muted",)

    def _auth(self, tag):
        if not tag:
            return ("which tag? auth TAG",)
        return ("tag %s: %s" % (tag, self._ocpp.present_tag(tag) or "presented"),)

    def _config(self, text):
        name, _, value = text.partition(" ")
        found = self._ocpp.get(name or None)
        if not value:
            return map(_setting, found) if found else ("%s: no such key%s" % (name, self._nearest_key(name)),)
        self._keyboard.private = bool(found) and found[0][1] is None
        try:
            status, why = self._ocpp.set(name, value.strip()), self._ocpp.configuration.refusal
            return ("%s: %s%s" % (name, status, ": " + why if why else ""),)
        except OSError as e:
            return ("%s: not stored: %s" % (name, e),)

    def _nearest_key(self, name):
        return did_you_mean(name, [entry[0] for entry in self._ocpp.get()])

    def _show_log(self):
        return list(self._log.tail.lines)

    def _end(self):
        self._kernel.request_exit(STOPPED, "Ctrl-C")

    def _reset(self):
        self._kernel.release()
        self._kernel.request_exit(RESTART, "reset on the console")
        return ("restarting",)


def after_failure(*arguments):
    """For main.py, on a device: see `components.console.recovery`, which is loaded only then."""
    from components.console.recovery import after_failure

    return after_failure(*arguments)


def _meant(word):
    """The command that a word may stand for: like its name, an argument's, or the first word of what it does; or ""."""
    meant = {}
    for name, arguments, meaning, _ in _COMMANDS:
        for other in arguments.replace("[", "").replace("]", "").lower().split() + [meaning.lower().split()[0]]:
            meant.setdefault(other.replace(":", ""), name)
    for name, _, _, _ in _COMMANDS:
        meant[name] = name
    return meant.get(nearest(word, meant), "")


def _setting(entry):
    """A configuration key for people."""
    name, value, read_only = entry
    shown = "***" if value is None else value
    return "  %s = %s%s" % (name, shown, " (read-only)" if read_only else "")
