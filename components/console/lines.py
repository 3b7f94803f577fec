"""What becomes of a line that was typed: loaded with the keyboard, see `Console`."""

from core.loading import drop_unmade, unload


class Lines:
    """Runs and completes lines by the `Commands`, which it loads for them. `console` writes what there is to read."""

    def __init__(self, console, operator):
        self._console = console
        self._operator = operator
        self._commands = None

    def forget_commands(self):
        self._commands = None
        unload("components.console.commands")
        unload("core.nearest")

    def _load(self):
        if self._commands is None:
            from components.console.commands import Commands

            self._commands = Commands(self._console, self._operator)
        return self._commands

    def run(self, line):
        """Run a command line now. Its answer is written piece by piece, so that no key has to wait."""
        console = self._console
        if line.partition(" ")[0] in ("t", "T"):  # a stop loads nothing
            self._operator.press_stop()
            return
        try:
            lines = self._load().run(line)
        except MemoryError:
            drop_unmade()
            self.forget_commands()
            console.not_understood("no memory for commands now")
            return
        if lines is not None:
            console.answer(lines)
        if console.shown:
            self.forget_commands()  # a page needs the room

    def complete(self, typed):
        """What Tab adds to what is typed: the rest of a word; which words there are is shown, if several."""
        rest, words = self._load().complete(typed)
        if words:
            self._console.answer(words)
        return rest
