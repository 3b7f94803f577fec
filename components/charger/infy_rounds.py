"""In what order Infypower modules are asked."""

from micropython import const

_OUTPUT = const(0x03)
_STATUS = const(0x04)
_ABILITY = const(0x0A)
_EXTERNAL = const(0x0C)
_ROUND = const(b"\x03\x0c\x04")  # of one module: the measurement, and in every fourth round its status


class Rounds:
    """Asks one question after the other: each answer lets the next one go, so that no driver's queue overflows.

    ``ask(command, unit)`` sends a question; `ask_group` the one for the number of modules, None: there is no group.
    """

    _waited = 0  # ticks since the last question
    _place = _seldom = 0
    _turn = 0  # of four rounds
    _command = _unit = None  # what is to be answered

    def __init__(self, units, ask, ask_group):
        self._units = units
        self._ask = ask
        self._ask_group = ask_group

    def tick(self):
        """To be called every 100 ms. A round begins if the one before is over; a module that has owed an answer for
        100 ms or more is passed over.
        """
        self._waited += 1
        if self._unit is None:
            self._place = 0
            self._turn = self._turn + 1 & 3
            self._units.begin()
            self._next()
        elif self._waited >= 2:
            self._place = (self._place + 2) // 3 * 3
            self._next()

    def answered(self, unit, command):
        """A module has answered."""
        if unit is self._unit and command == self._command:
            self._next()

    def _next(self):
        units = self._units.all
        while self._place < 3 * len(units):
            unit = units[self._place // 3]
            command = _ROUND[self._place % 3]
            self._place += 1
            if unit.present and (command != _STATUS or not self._turn):
                self._unit = unit
                self._command = command
                self._waited = 0
                self._ask(command, unit)
                return
        self._unit = None
        if self._turn & 1:
            self._ask_seldom()

    def _ask_seldom(self):
        """Behind every second round one of: what a module can; whether one is there again; the group."""
        units = self._units.all
        turn = self._seldom = (self._seldom + 1) % (len(units) + 1)
        if turn == len(units):
            if self._ask_group is not None:
                self._ask_group()
        elif units[turn].present:
            self._ask(_ABILITY, units[turn])
        else:
            self._ask(_OUTPUT, units[turn])
            self._ask(_EXTERNAL, units[turn])
