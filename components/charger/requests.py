"""What the power module is asked: switch and limits, and telemetry."""

from micropython import const

from core.wire import put_u32be

_CONTROL = const(0x068181FE)
_TELEMETRY = const(0x068182FE)
_SWITCH = const(0x32)
_VOLTAGE = const(0x00)
_CURRENT = const(0x03)
_CONTROL_ROUND = const(b"\x32\x00\x03")  # switch, voltage, current
_TELEMETRY_ROUND = const(b"\x84\x82\x79\x80\x83")
_STOP = const(b"\x01\x32\x00\x01\x00\x00\x00\x00")  # what `switch` sends
LEAST_MA = const(33)  # a lower current is 0 on the wire


class Requests:
    """Builds and sends the requests in their round-robin, from one buffer. The bus's guard may send the stop, too.

    ``told_mv``, ``told_ma``: the limits that the bus took last.
    """

    def __init__(self, can, bms):
        self._can = can
        bms.guard(can, _CONTROL, _STOP)
        self._data = bytearray(8)
        self._data[0] = 0x01
        self._control_turn = self._telemetry_turn = 0
        self._stop_lost = False
        self.told_mv = self.told_ma = 0

    def switch(self, on):
        """Start (True) or stop (False)."""
        sent = self._send(_CONTROL, _SWITCH, 0 if on else 1, 0)
        self._stop_lost = not (on or sent)
        return sent

    def limits(self, mv, ma):
        """Wanted voltage (1/1024 V) and current (1/30.5 A), rounded down; each below 2**30 up to 1000 V, 1000 A.

        They come before a start; before them a stop that the bus did not take, if it was the last word.
        """
        if self._stop_lost:
            self.switch(False)
        self.voltage(mv)
        self.current(ma)

    def voltage(self, mv):
        """Wanted voltage (1/1024 V), rounded down."""
        if self._send(_CONTROL, _VOLTAGE, 0, mv * 128 // 125):
            self.told_mv = mv

    def current(self, ma):
        """Wanted current (1/30.5 A), rounded down."""
        if self._send(_CONTROL, _CURRENT, 0, ma * 61 // 2000):
            self.told_ma = ma

    def control(self, enabled, mv, ma):
        """The next control request. While charging is not enabled each of them is a stop."""
        function = _CONTROL_ROUND[self._control_turn]
        self._control_turn = (self._control_turn + 1) % len(_CONTROL_ROUND)
        if function == _SWITCH or not enabled:
            self.switch(enabled)
        elif function == _VOLTAGE:
            self.voltage(mv)
        else:
            self.current(ma)

    def telemetry(self):
        """The next telemetry request."""
        function = _TELEMETRY_ROUND[self._telemetry_turn]
        self._telemetry_turn = (self._telemetry_turn + 1) % len(_TELEMETRY_ROUND)
        self._send(_TELEMETRY, function, 0, 0)

    def _send(self, identifier, function, switch, value):
        data = self._data
        data[1] = function
        data[3] = switch
        put_u32be(data, 4, value)
        return self._can.send(identifier, data)
