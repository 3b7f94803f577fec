"""What the power module says on request: replies to control and telemetry requests."""

from micropython import const

from core.signals import Signal
from core.wire import f32_scale, f32be, u32be

_SWITCH = const(0x32)
_VOLTAGE = const(0x00)
_CURRENT = const(0x03)
_OUTPUT_VOLTAGE = const(0x84)
_OUTPUT_CURRENT = const(0x82)
_TEMPERATURE = const(0x80)
_RAW = const(0x79)
_REAL = const(0x83)
_MAX_RAW = const(1 << 20)  # 1024 V; 34 kA


def _nobody(function):
    pass


class Replies:
    """Signals from the replies. Values that cannot be are refused (the handler returns False).

    A reply with an error (the upper four bits of byte 0) says that the power module refused the request: nothing else
    of it is taken, and ``refused(function)`` is called.
    """

    def __init__(self, clock):
        self.refused = _nobody
        self.switched_on = Signal(None, clock)
        self.limit_mv = Signal(None, clock)
        self.limit_ma = Signal(None, clock)
        self.output_voltage_mv = Signal(None, clock)
        self.output_current_ma = Signal(None, clock)
        self.temperature_mdeg = Signal(None, clock)
        self.raw_79 = Signal(None, clock)
        self.value_83_milli = Signal(None, clock)
        self._real = f32_scale(1000)

    def all(self):
        return (self.switched_on, self.limit_mv, self.limit_ma, self.output_voltage_mv, self.output_current_ma,
                self.temperature_mdeg, self.raw_79, self.value_83_milli)  # fmt: skip

    def control(self, data, length):
        """0x0681817E: the power module's switch and limits."""
        if length < 8:
            return False
        function = data[1]
        if data[0] >> 4:
            return self._refused(function)
        if function == _SWITCH:
            self.switched_on.set(data[3] == 0)
            return True
        raw = u32be(data, 4)
        if raw >= _MAX_RAW:
            return False
        if function == _VOLTAGE:
            self.limit_mv.set(raw * 125 // 128)
        elif function == _CURRENT:
            self.limit_ma.set(raw * 1000 // 61 * 2)
        else:
            return False
        return True

    def _refused(self, function):
        self.refused(function)
        return True

    def telemetry(self, data, length):
        """0x0681827E: output voltage (1/1024 V) and current (0.1 A), temperature (0.001 degC), two of unknown unit."""
        if length < 8:
            return False
        function = data[1]
        if data[0] >> 4:
            return self._refused(function)
        if function == _OUTPUT_VOLTAGE:
            return self._output_voltage(u32be(data, 4))
        if function == _REAL:
            return self._value_83(f32be(data, 4, self._real))
        raw = data[6] << 8 | data[7]
        if function == _OUTPUT_CURRENT:
            self.output_current_ma.set(raw * 100)
        elif function == _TEMPERATURE:
            self.temperature_mdeg.set(raw)
        elif function == _RAW:
            self.raw_79.set(raw)
        else:
            return False
        return True

    def _output_voltage(self, raw):
        if raw >= _MAX_RAW:
            return False
        self.output_voltage_mv.set(raw * 125 // 128)
        return True

    def _value_83(self, milli):
        if milli < 0 or milli > 1000000000:
            return False
        self.value_83_milli.set(milli)
        return True
