"""The commands of the console: loaded when a line is typed, unloaded when all is written, see `Console`."""

from micropython import const

# Word, arguments or "", meaning, method, which gets the text behind the word if there are arguments; of `Commands`,
# else of `Outlets`, `Records` or `Pages`. The stop's is the console's own. All constant: a frozen table takes no RAM.
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
        ("why", "", "what blocks charging", "why"),
        ("can", "[all|wanted]", "bus: frames unknown, refused or garbage; receive all", "bus"),
        ("config", "[KEY [VALUE]]", "show or set the OCPP configuration", "config"),
        ("charges", "[csv]", "the last 10 sessions; csv: all of them, as CSV", "charges"),
        ("limit", "[A [S]|off]", "show limits of the current; limit it to so many A, for S seconds", "limit"),
        ("blackbox", "[NAME]", "the black boxes of faults, or what is in one", "blackbox"),
        ("log", "", "the last log lines", "log"),
        ("components", "", "the components and their state", "components"),
        ("settings", "", "stop, and change settings.json at a prompt", "settings"),
        ("reset", "", "restart", "reset"),
    )
)


_OF_OUTLETS = const(("bms_data", "charger_data", "output_data", "terminal_data", "everything"))
_OF_RECORDS = const(("charges", "limit", "blackbox"))


class Commands:
    """The commands of a `console`: each method returns an iterable of lines."""

    def __init__(self, console, operator):
        self._console = console
        self._operator = operator

    def run(self, line):
        """Run a command line now; returns the lines of its answer, None for an unknown command."""
        word, _, rest = line.partition(" ")
        word = "h" if word.lower() in ("help", "?") else word.lower()
        for name, arguments, _, method in _COMMANDS:
            if name == word:
                function = getattr(self, method, None) or self._page(method)
                return function(rest.strip()) if arguments else function()
        self._console.not_understood(repr(line[:40]), _meant(word))
        return None

    def _page(self, method):
        """The page of that name. What it is of stays until all is written; then the commands need not."""
        shown = self._console.shown
        if not shown:
            shown.append(self._operator.snapshot())
        for page in shown[1:]:
            if hasattr(page, method):
                return getattr(page, method)
        if method in _OF_OUTLETS:
            from components.console.outlets import Outlets as Page
        elif method in _OF_RECORDS:
            from components.console.records import Records as Page
        else:
            from components.console.pages import Pages as Page
        shown.append(Page(self._operator, shown[0]))
        return getattr(shown[-1], method)

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

    def mute(self):
        muted = self._console.muted = not self._console.muted
        return ("muted; 0 ends it" if muted else "not muted",)

    def auth(self, tag):
        if not tag:
            return ("which tag? auth TAG",)
        return ("tag %s: %s" % (tag, self._operator.text_of(self._operator.present(tag)) or "presented"),)

    def config(self, text):
        name, _, value = text.partition(" ")
        from core.nearest import did_you_mean

        operator = self._operator
        if not name:
            return map(_setting, map(operator.get, operator.keys()))  # not all at once: they fill 3 KB
        found = operator.get(name)
        if not value:
            return (_setting(found) if found else "%s: no such key%s" % (name, did_you_mean(name, operator.keys())),)
        self._console.keyboard.private = bool(found) and found[1] is None
        try:
            status, why = operator.set(name, value.strip())
            return ("%s: %s%s" % (name, status, ": " + why if why else ""),)
        except OSError as e:
            return ("%s: not stored: %s" % (name, e),)

    def log(self):
        return list(self._operator.log)

    def settings(self):
        why = self._operator.request_settings("settings on the console")
        if why == "running":
            return ("a transaction runs: it has to end before",)
        if why:
            return ("not here: edit %s/settings.json and restart" % self._console.kernel.home,)
        return ("restarting for the settings",)

    def reset(self):
        self._operator.restart("", "reset on the console")
        return ("restarting",)


def _meant(word):
    """The command that a mistyped word may mean: by its name, an argument's, or the first word of its help; or ""."""
    from core.nearest import nearest

    meant = {}
    for name, arguments, meaning, _ in _COMMANDS:
        for other in arguments.replace("[", "").replace("]", "").lower().split() + [meaning.lower().split()[0]]:
            meant.setdefault(other.replace(":", ""), name)
    for name, _, _, _ in _COMMANDS:
        meant[name] = name
    return meant.get(nearest(word, meant), "")


def _setting(entry):
    """The line of a configuration key."""
    name, value, read_only = entry
    shown = "***" if value is None else value
    return "  %s = %s%s" % (name, shown, " (read-only)" if read_only else "")
