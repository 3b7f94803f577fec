"""Settings of a charger that does not start, typed at its terminal: what is wrong, and how to correct it."""

import gc
import json
import select
import sys
from micropython import const

from components.console.keyboard import Keyboard
from components.console.values import described_option, parsed, shown
from core.nearest import did_you_mean
from core.options import check_setting, section_of, sections
from core.parts import DeclarationError, exception_text
from core.settings import lay_identity_over, read_settings
from core.settings_file import put, remove, setting, write_settings
from core.text import printable

_STEP_MS = const(1000)  # how long it waits for a key before it feeds the watchdog again
_LINE_MAX = const(512)  # bytes: the console's 128 hold no URL with a long token
_CTRL_C = const(3)
_ENTER = const(13)
_RESTART = const(1)
_REPL = const(2)

# Word, arguments, meaning, method. All constant: a frozen table takes no RAM.
_COMMANDS = const(
    (
        ("show", "", "every setting of this board, and its value", "_show"),
        ("set", "SECTION.KEY VALUE", 'change one: set ocpp.url wss://example.com/ocpp; "" is an empty text', "_set"),
        ("set", "SECTION.KEY", "the same; a secret value is then typed unseen", ""),
        ("unset", "SECTION.KEY", "remove one from settings", "_unset"),
        ("check", "", "check the settings, without saving them", "_check"),
        ("save", "", "check the settings, save them, and restart", "_save"),
        ("restart", "", "restart with the settings that are in the file now", "_restart"),
        ("help", "", "this list; Ctrl-C leads to the REPL", "_help"),
    )
)


class _NoStopKey:
    """In place of the emergency stop: nothing is switched here."""

    pending = False

    def press(self):
        pass


class Setup:
    """A prompt over the settings of a board, which are in the file at `path`.

    ``build(settings)`` builds the board as a start does; it raises DeclarationError, and may change `settings`.
    ``feed()`` keeps a watchdog that is armed from biting. What is typed for a setting is checked against the board's
    declaration at once, and all of it as a start does before it is kept. A file that is no JSON object is not
    overwritten: ``save`` keeps it as ``settings.bad``.
    """

    def __init__(self, board, path, build, feed):
        self._board = board
        self._path = path
        self._build = build
        self._feed = feed
        self._broken = False
        self._settings = {}
        self._secret = ""  # the setting of which the value is being typed
        self._end = 0
        self._keyboard = Keyboard(_NoStopKey(), self._run_line, self._print, self._leave, self._complete, _LINE_MAX)
        self._keyboard.echo = sys.stdout.write

    def run(self, title, words, idle_max_s=0):
        """Run the prompt. Returns True for the REPL, False for a restart.

        title: why it is here. words: what is wrong, as it was printed before. idle_max_s: it restarts so many seconds
        after the last key; 0: never.
        """
        try:
            self._introduce(title, words, idle_max_s)
            self._listen(idle_max_s * 1000)
        except KeyboardInterrupt:
            self._leave()
        return self._end == _REPL

    def _listen(self, idle_max_ms):
        keys = getattr(sys.stdin, "buffer", sys.stdin)
        poll = select.poll()
        poll.register(keys, select.POLLIN)
        idle_ms = 0
        while not self._end and not (idle_max_ms and idle_ms >= idle_max_ms):
            self._feed()
            if not poll.poll(_STEP_MS):
                idle_ms += _STEP_MS
                continue
            idle_ms = 0
            byte = keys.read(1)
            if not byte:
                self._end = _RESTART  # the end of the input
            elif byte[0] == _CTRL_C:
                self._leave()
            else:
                self._keyboard.feed(byte[0])

    def _introduce(self, title, words, idle_max_s):
        self._print("")
        self._print(title)
        if idle_max_s:
            self._print("It restarts %d s after the last key." % idle_max_s)
        try:
            self._settings = read_settings(self._path)
        except DeclarationError as e:
            self._broken = True
            if str(e) != words:
                self._print(str(e))
            self._print("The settings start empty; save renames the present file to settings.bad.")
        self._help()
        self._keyboard.feed(_ENTER)  # shows its prompt

    def _print(self, line):
        sys.stdout.write(printable(line) + "\n")

    def _leave(self):
        self._end = _REPL

    # --- commands ---------------------------------------------------------------------------------------------

    def _run_line(self, line):
        secret, self._secret = self._secret, ""
        self._keyboard.echo = sys.stdout.write
        try:
            if secret:
                self._keyboard.private = True
                self._put(secret, line)
            else:
                self._execute(line)
        except DeclarationError as e:
            self._print(str(e))
        except Exception as e:  # OSError, MemoryError: the prompt stays
            self._print("failed: " + exception_text(e))
        if not self._secret and not self._end:
            self._keyboard.feed(_ENTER)

    def _execute(self, line):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        for name, arguments, _, method in _COMMANDS:
            if name == word.lower():
                if arguments and not rest:
                    self._print("which one? %s %s" % (name, arguments))
                elif arguments:
                    getattr(self, method)(rest)
                elif rest:
                    self._print("%s takes nothing behind it: %r" % (name, rest[:20]))
                else:
                    getattr(self, method)()
                return
        self._print("%r is no command%s; help lists them" % (word[:20], did_you_mean(word, [c[0] for c in _COMMANDS])))

    def _complete(self, typed):
        """What Tab adds: the rest of a command, or of a setting."""
        command, space, name = typed.partition(" ")
        names = [c[0] for c in _COMMANDS]
        if space:
            names = [s + "." + key for s, keys in sections(self._board).items() for key in keys]
        rests = [other[len(name or command) :] for other in names if other.startswith(name or command)]
        return rests[0] + " " if rests and rests.count(rests[0]) == len(rests) else ""

    def _help(self):
        for name, arguments, meaning, _ in _COMMANDS:
            self._print("  %-8s %-18s %s" % (name, arguments, meaning))

    def _show(self):
        merged = lay_identity_over(self._copy(), self._board)
        known = sections(self._board)
        for section in sorted(known):
            values = section_of(merged, section) or {}
            for key in sorted(known[section]):
                name = section + "." + key
                spec, given, secret = setting(self._board, name)
                text = shown(values.pop(key), secret) if key in values else "--"
                self._print("  %s = %s   (%s)" % (name, text, described_option(spec, given)))
        self._show_unknown(merged, known, "")

    def _show_unknown(self, values, known, before):
        """The settings that the board does not have."""
        for key in values:
            name = before + key
            if name in known and isinstance(values[key], dict):
                self._show_unknown(values[key], known, name + ".")
            elif name not in known:
                what = name if before else "section " + name
                self._print("  %s is unknown: unset %s" % (what, name))

    def _set(self, text):
        name, _, value = text.partition(" ")
        secret = setting(self._board, name)[2]
        if value:
            self._keyboard.private = secret
            self._put(name, value.strip())
        elif secret:
            self._secret = name
            self._print("type the value of %s, which is not shown, and Enter" % name)
            self._keyboard.echo = None
        else:
            self._print('which value? set %s VALUE; "" is an empty text' % name)

    def _put(self, name, text):
        section, _, key = name.rpartition(".")
        spec, _, secret = setting(self._board, name)
        value = parsed(spec[0], text)
        check_setting(self._board, section, key, spec, value)
        put(self._settings, name, value)
        self._print("%s = %s" % (name, shown(value, secret)))

    def _unset(self, name):
        known = _names_in(self._settings, "")
        found = name in known and remove(self._settings, name)
        self._print(name + (" is removed" if found else " is not set" + did_you_mean(name, known)))

    def _check(self):
        words = self._problem()
        self._print(words or "these settings are valid; save stores them")

    def _save(self):
        words = self._problem()
        if words:
            self._print("not saved: " + words)
            return
        write_settings(self._path, json.dumps(self._settings), self._broken)
        self._restart("saved; ")

    def _restart(self, before=""):
        self._print(before + "restarting")
        self._end = _RESTART

    # --- the declaration --------------------------------------------------------------------------------------

    def _copy(self):
        return json.loads(json.dumps(self._settings))

    def _problem(self):
        """Why the board cannot be built with these settings, or "". It is built, and discarded."""
        gc.collect()
        try:
            self._build(self._copy())
        except DeclarationError as e:
            return str(e)
        finally:
            gc.collect()
        return ""


def _names_in(values, before):
    """The names of all that is in settings, of their sections too."""
    names = []
    for key, value in values.items():
        names.append(before + key)
        if isinstance(value, dict):
            names += _names_in(value, before + key + ".")
    return names
