"""The reference board's power module: its frames (docs/can.md)."""

from micropython import const

from components.charger import limits, power_module
from core.wire import f32_scale, f32be, put_u32be, u32be

_TERMINAL_POWER = const(0x00433F01)
_TERMINAL_STATUS = const(0x00473F01)
_HEARTBEAT = const(0x18FF50E5)
_CONTROL = const(0x068181FE)
_CONTROL_REPLY = const(0x0681817E)
_TELEMETRY = const(0x068182FE)
_TELEMETRY_REPLY = const(0x0681827E)

# functions of control
_SWITCH = const(0x32)
_VOLTAGE = const(0x00)
_CURRENT = const(0x03)
_CONTROL_ROUND = const(b"\x32\x00\x03")
_STOP = const(b"\x01\x32\x00\x01\x00\x00\x00\x00")  # what `_switch` sends
# functions of telemetry
_OUTPUT_VOLTAGE = const(0x84)
_OUTPUT_CURRENT = const(0x82)
_TEMPERATURE = const(0x80)
_RAW = const(0x79)
_REAL = const(0x83)
_TELEMETRY_ROUND = const(b"\x84\x82\x79\x80\x83")

_MAX_RAW = const(1 << 20)  # 1024 V; 34 kA
_SATURATED = const(0xFFFF)  # 65.535 degC: may be anything above
_SILENT_MS = const(3000)


class Charger(power_module.PowerModule):
    """The power module of the reference board, in its own protocol.

    It is online while at least two of terminal power, terminal status and heartbeat are younger than 3 s. A reply with
    an error (the upper four bits of byte 0) means that it refused the request: the rest of it is ignored. Of its
    switch, its limits and functions 0x79 and 0x83 nothing is kept; an impossible value is refused.

    Options besides those of every power module: current_scale, terminal current is in 1/current_scale A on the wire;
    heartbeat, is 0x18FF50E5 the module's (False: the board's own, as Feedback).
    """

    options = power_module.options(
        current_scale=(int, 10, (1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100)),  # what divides 1000
        heartbeat=(bool, True),
    )
    control_ms = 300  # three functions in turn
    telemetry_ms = 200  # five
    min_ma = 33  # 1/30.5 A
    _volts = f32_scale(1000)

    def __init__(self, can, bms, clock, current_scale, heartbeat, **shared):
        super().__init__(can=can, bms=bms, clock=clock, **shared)
        self.current_scale = current_scale
        self._amps = f32_scale(1000 // current_scale)
        self._status_received = False
        self._data = bytearray(8)
        self._data[0] = 0x01
        self._control_turn = self._telemetry_turn = 0
        bms.guard(can, _CONTROL, _STOP)
        can.on(_TERMINAL_POWER, self._terminal_power)
        can.on(_TERMINAL_STATUS, self._terminal_status)
        can.on(_CONTROL_REPLY, self._control_reply)
        can.on(_TELEMETRY_REPLY, self._telemetry_reply)
        if heartbeat:
            can.on(_HEARTBEAT, self._heartbeat)

    # -- received

    def _terminal_power(self, data, length):
        """0x00433F01: f32be in V, f32be in 1/current_scale A."""
        if length < 8:
            return self.refuse("length", length, 8)
        return self.terminal(f32be(data, 0, self._volts), f32be(data, 4, self._amps)) or self.refuse()

    def _terminal_status(self, data, length):
        """0x00473F01: b6 b7 = 03 01 not charging, 03 02 charging."""
        if length < 8:
            return self.refuse("length", length, 8)
        status = None
        if data[6] == 3:
            if data[7] == 2:
                status = "charging"
            elif data[7] == 1:
                status = "not charging"
        self.status.set(status)
        self._status_received = True
        return True

    def _heartbeat(self, data, length):
        """0x18FF50E5: output voltage and current in 0.1 V and A, flags."""
        if length < 5:
            return self.refuse("length", length, 5)
        self.set_flags(data[4])
        self.output_voltage_mv.set((data[0] << 8 | data[1]) * 100)
        self.output_current_ma.set((data[2] << 8 | data[3]) * 100)
        return True

    def _control_reply(self, data, length):
        """0x0681817E: the power module's switch and limits."""
        if length < 8:
            return self.refuse("length", length, 8)
        function = data[1]
        if data[0] >> 4:
            return self._refused(function)
        if function == _SWITCH:
            return True
        raw = u32be(data, 4)
        if raw >= _MAX_RAW:
            return self.refuse("raw value", raw, _MAX_RAW)
        return function in _CONTROL_ROUND or self.refuse("function", function, function)

    def _telemetry_reply(self, data, length):
        """0x0681827E: output voltage (1/1024 V) and current (0.1 A), temperature (0.001 degC), two of unknown unit."""
        if length < 8:
            return self.refuse("length", length, 8)
        function = data[1]
        if data[0] >> 4:
            return self._refused(function)
        if function == _OUTPUT_VOLTAGE:
            return self._output_voltage(u32be(data, 4))
        if function == _REAL:
            return self._value_83(f32be(data, 4, self._volts))
        raw = data[6] << 8 | data[7]
        if function == _OUTPUT_CURRENT:
            self.output_current_ma.set(raw * 100)
        elif function == _TEMPERATURE:
            self._temperature(raw)
        elif function != _RAW:
            return self.refuse("function", function, function)
        return True

    def _refused(self, function):
        self.faults.refused(function == _SWITCH)
        return True

    def _output_voltage(self, raw):
        if raw >= _MAX_RAW:
            return self.refuse("raw value", raw, _MAX_RAW)
        self.output_voltage_mv.set(raw * 125 // 128)
        return True

    def _temperature(self, mdeg):
        self.temperature_mdeg.set(mdeg)
        if mdeg == _SATURATED:
            self._limits.set_wrong(limits.TOO_HOT, limits.TOO_HOT)

    def _value_83(self, milli):
        if milli < 0 or milli > 1000000000:
            return self.refuse("value of function 0x83", milli, 1000000000)
        return True

    def is_online(self):
        return (self.power_mw.value is not None) + self._status_received + (self.flags.value is not None) >= 2

    def expire(self, polled_ms):
        if self._status_received and self.status.age_ms() > _SILENT_MS:
            self._status_received = False

    # -- sent

    def switch(self, on, mv, ma):
        """Limits come before a start."""
        if on:
            self._voltage(mv)
            self._current(ma)
        return self._switch(on)

    def lower(self, mv, ma):
        if mv < self.sent_mv:
            self._voltage(mv)
        if ma < self.sent_ma:
            self._current(ma)

    def control(self, mv, ma):
        """The next function."""
        function = _CONTROL_ROUND[self._control_turn]
        self._control_turn = (self._control_turn + 1) % len(_CONTROL_ROUND)
        if function == _SWITCH:
            self._switch(True)
        elif function == _VOLTAGE:
            self._voltage(mv)
        else:
            self._current(ma)

    def telemetry(self):
        function = _TELEMETRY_ROUND[self._telemetry_turn]
        self._telemetry_turn = (self._telemetry_turn + 1) % len(_TELEMETRY_ROUND)
        self._send(_TELEMETRY, function, 0, 0)

    def _switch(self, on):
        return self._send(_CONTROL, _SWITCH, 0 if on else 1, 0)

    def _voltage(self, mv):
        """1/1024 V, rounded down; below 2**30 up to 1000 V."""
        if self._send(_CONTROL, _VOLTAGE, 0, mv * 128 // 125):
            self.sent_mv = mv

    def _current(self, ma):
        """1/30.5 A, rounded down; below 2**30 up to 1000 A."""
        if self._send(_CONTROL, _CURRENT, 0, ma * 61 // 2000):
            self.sent_ma = ma

    def _send(self, identifier, function, switch, value):
        data = self._data
        data[1] = function
        data[3] = switch
        put_u32be(data, 4, value)
        return self.can.send(identifier, data)
