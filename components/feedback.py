"""The charger's feedback to the vehicle, where the board sends it in the power module's place."""

from micropython import const

_FEEDBACK = const(0x18FF50E5)
_HARDWARE = const(0x01)
_HOT = const(0x02)
_INPUT = const(0x04)
_NO_BATTERY = const(0x08)
_NO_REQUEST = const(0x10)


class Feedback:
    """Sends 0x18FF50E5 every 100 ms: voltage in 0.1 V, current in 0.1 A, flags.

    Flags: bit 1 over-temperature, bit 3 battery not connected (not plugged in), bit 4 no charge request for 5 s; bit 0
    hardware failure and bit 2 wrong input voltage are handed on from the power module's own heartbeat. What is not
    known is 0. On a single bus the board that has this component must give the charger ``heartbeat=False``.
    """

    requires = ("can", "bms", "charger", "gate", "clock", "log")

    def __init__(self, can, bms, charger, gate, clock, log):
        self._can = can
        self._bms = bms
        self._charger = charger
        self._gate = gate
        self._clock = clock
        self._data = bytearray(8)

    def tick(self, passed):
        self._can.send(_FEEDBACK, self._fill())

    def _fill(self):
        data = self._data
        decivolts = (self._charger.terminal_voltage_mv.value or 0) // 100
        deciamps = (self._charger.terminal_current_ma.value or 0) // 100
        data[0] = decivolts >> 8
        data[1] = decivolts & 0xFF
        data[2] = deciamps >> 8
        data[3] = deciamps & 0xFF
        data[4] = self._flags()
        return data

    def _flags(self):
        flags = (self._charger.flags.value or 0) & (_HARDWARE | _HOT | _INPUT)
        if self._charger.error.value == "HighTemperature":
            flags |= _HOT
        if self._gate.plugged.value is not True:
            flags |= _NO_BATTERY
        if self._bms.permitted.value is None:
            flags |= _NO_REQUEST
        return flags
