"""The commands of the console: loaded when a line is typed, and let go when all is written, see `Console`."""

from micropython import const

from components.console.pages import Pages
from core.kernel import RESTART
from core.nearest import did_you_mean, nearest

# Word, arguments or "", meaning, method, which gets the text behind the word if there are arguments. The stop's is the
# console's own. All constant: a frozen table takes no RAM.
_COMMANDS = const(
    (
        ("1", "", "BMS data", "bms_data"),
        ("2", "", "charger data", "charger_data"),
        ("3", "", "output voltage, current, temperature", "output_data"),
        ("4", "", "terminal data", "terminal_data"),
        ("5", "", "all", "everything"),
        ("s", "", "start: release the emergency stop", "start"),
        ("t", "", "stop: emergency stop, at the keystroke", ""),
        ("0", "", "mute and unmute", "mute"),
        ("h", "", "help: this list", "help"),
        ("auth", "TAG", "present an idTag", "auth"),
        ("status", "", "state and counters", "status"),
        ("why", "", "what forbids charging", "why"),
        ("can", "[all|wanted]", "bus: frames unknown, refused or garbage; receive all", "bus"),
        ("config", "[KEY [VALUE]]", "show or set the OCPP configuration", "config"),
        ("log", "", "the last log lines", "log"),
        ("components", "", "the components and their state", "components"),
        ("settings", "", "stop, and change settings.json at a prompt", "settings"),
        ("reset", "", "restart", "reset"),
    )
)


class Commands(Pages):
    """What the words of a line ask for: each method returns an iterable of lines. `console` is whose they are."""

    def __init__(self, console, *shown):
        super().__init__(*shown)
        self._console = console

    def run(self, line):
        """Do what a line says, now; returns the lines to be written about it, None if it is not understood."""
        word, _, rest = line.partition(" ")
        word = "h" if word.lower() in ("help", "?") else word.lower()
        for name, arguments, _, method in _COMMANDS:
            if name == word:
                function = getattr(self, method)
                return function(rest.strip()) if arguments else function()
        self._console.not_understood(repr(line[:40]), _meant(word))
        return None

    def complete(self, typed):
        """(what Tab adds to what is typed, the rest of a word; which words there are, if several)."""
        found = [name for name, _, _, _ in _COMMANDS if len(name) > 1 and name.startswith(typed.lower())]
        if len(found) == 1:
            return found[0][len(typed) :] + " ", ()
        if not found:
            return "", ()
        common = found[0]
        for name in found:
            while not name.startswith(common):
                common = common[:-1]
        return common[len(typed) :], (" ".join(found),)

    def help(self):
        for name, arguments, meaning, _ in _COMMANDS:
            yield "  %-10s %-14s %s" % (name, arguments, meaning)

    def start(self):
        lines = []
        self._kernel.release()
        if self._console.stop_key.release():
            lines.append("the emergency stop is released")
        if self._gate.enabled.value:
            lines.append("charging is enabled")
            return lines
        lines.append("charging is not allowed now: " + ", ".join(self._gate.obstacles()))
        if self._ocpp.outlets[0].transactions.current is None:
            if not self._plug.plugged.value:
                lines.append("plug the vehicle in, and")
            lines.append("present a tag to start a transaction: auth TAG")
        return lines

    def mute(self):
        muted = self._console.muted = not self._console.muted
        return ("muted; 0 ends it" if muted else "not muted",)

    def auth(self, tag):
        if not tag:
            return ("which tag? auth TAG",)
        return ("tag %s: %s" % (tag, self._ocpp.present_tag(tag) or "presented"),)

    def config(self, text):
        name, _, value = text.partition(" ")
        found = self._ocpp.get(name or None)
        if not value:
            return map(_setting, found) if found else ("%s: no such key%s" % (name, self._nearest_key(name)),)
        self._console.keyboard.private = bool(found) and found[0][1] is None
        try:
            status, why = self._ocpp.set(name, value.strip()), self._ocpp.configuration.refusal
            return ("%s: %s%s" % (name, status, ": " + why if why else ""),)
        except OSError as e:
            return ("%s: not stored: %s" % (name, e),)

    def _nearest_key(self, name):
        return did_you_mean(name, [entry[0] for entry in self._ocpp.get()])

    def log(self):
        return list(self._console.tail.lines)

    def settings(self):
        from core.failures import ASKED, failures

        if self._ocpp.outlets[0].transactions.current is not None:
            return ("a transaction runs: it has to end before",)
        if failures(ASKED) != ASKED:
            return ("not here: edit %s/settings.json and restart" % self._kernel.home,)
        self._kernel.request_exit(RESTART, "settings on the console")
        return ("restarting for the settings",)

    def reset(self):
        self._kernel.release()
        self._kernel.request_exit(RESTART, "reset on the console")
        return ("restarting",)


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
