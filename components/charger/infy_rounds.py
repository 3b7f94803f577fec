"""The order of the requests to Infypower modules."""

from micropython import const

_OUTPUT = const(0x03)
_STATUS = const(0x04)
_ABILITY = const(0x0A)
_EXTERNAL = const(0x0C)
_ROUND = const(b"\x03\x0c\x04")  # of one module: the measurement, and in every fourth round its status


class Rounds:
    """Sends one request after the other: each answer releases the next one, so that no driver's queue overflows.

    ``request(command, unit)`` sends a request; `request_group` that for the number of modules, None: there is no group.
    """

    _waited = 0  # ticks since the last request
    _place = _seldom = 0
    _turn = 0  # of four rounds
    _command = _unit = None  # what is to be answered

    def __init__(self, units, request, request_group):
        self._units = units
        self._request = request
        self._request_group = request_group

    def tick(self):
        """To be called every 100 ms. A round begins if the one before is over; a module whose answer is missing for
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
                self._request(command, unit)
                return
        self._unit = None
        if self._turn & 1:
            self._request_seldom()

    def _request_seldom(self):
        """After every second round one of: a module's rating; a module that counts as off; the group."""
        units = self._units.all
        turn = self._seldom = (self._seldom + 1) % (len(units) + 1)
        if turn == len(units):
            if self._request_group is not None:
                self._request_group()
        elif units[turn].present:
            self._request(_ABILITY, units[turn])
        else:
            self._request(_OUTPUT, units[turn])
            self._request(_EXTERNAL, units[turn])
