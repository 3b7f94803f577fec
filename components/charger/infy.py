"""Power modules with Infypower's CAN protocol V1.13 (docs/can.md): frames."""

from micropython import const

from components.charger import power_module
from components.charger.infy_rounds import Rounds
from components.charger.infy_units import EXTERNAL, MIN_MA, OFF, OUTPUT, Units, flags_of
from core.wire import f32_scale, f32be, put_u32be

# The identifier: error (bits 28..26), device (25..22), command (21..16), destination (15..8), source (7..0)
_ONE = const(0x02800000)  # device 0x0A, one module
_GROUP = const(0x02C00000)  # device 0x0B
_REPLIES = const(0x0380FF00)  # compared in a reply: device, but for its last bit, and destination
_COUNT = const(0x02)
_OUTPUT = const(0x03)
_STATUS = const(0x04)
_ABILITY = const(0x0A)
_EXTERNAL = const(0x0C)
_SWITCH = const(0x1A)
_SET = const(0x1C)
_STOP = const(b"\x01\0\0\0\0\0\0\0")
_ZEROS = const(b"\0\0\0\0\0\0\0\0")

# What is wrong beside the flags of the modules
_UNDECLARED = const(1)
_TOO_MANY = const(2)
_SPREAD = const(4)
_RUNS_ON = const(8)

_MAX = const(2000000)  # above 1000 V, 1000 A: outside any limit
_TICK_MS = const(100)
_UNDECLARED_TICKS = const(100)
_SPREAD_MV = const(2000)
_SPREAD_TICKS = const(10)  # they do not measure at the same moment: a step of the voltage is in one of them first


class Infypower(power_module.PowerModule):
    """One to six Infypower modules in parallel, each of which is read, set and switched by its address.

    The terminals' voltage is the external one (0C, behind the diode; the mean of all modules), their current the sum of
    what the modules measure (03): what the vehicle gets, and so what is billed. A module's own voltage (03) is that of
    its output, in front of the diode, and shows no vehicle while it is off. All must have answered for a
    measurement: see infy_rounds.

    The current is shared in equal parts. While a module is silent no measurement is complete, so the gate closes after
    3 s. A module that receives nothing for 10 s switches off: after `dropped_ms` it counts as off, is sent a stop,
    and the others continue without it (unless it reports a current). When it answers again it gets its part.
    A fault that a module reports is one of the outlet: docs/can.md has the reason.

    A reply from an address that is not declared is refused, and the gate is closed until 10 s after the last of them;
    likewise while the group has more modules than are declared, or external voltages differ by more than 2 V and 5 %
    for 1 s: then modules belong to another outlet. A reply with an error is a refused request; refused limits are a
    refused start, because what would be delivered is unknown.

    Options besides those of every power module: addresses, of the modules, 0..62; group, that they form (it is stopped
    as a whole, too, and queried for its number of modules), -1: none; controller, our own address, another one for each
    outlet on one bus; dropped_ms, more than the module's own 10 s.
    """

    options = power_module.options(
        addresses=(tuple, (0,)),
        group=(int, -1, -1, 62),
        controller=(int, 0xF0, 0xF0, 0xF8),
        dropped_ms=(int, 12000, 10500, 60000),
    )
    provides = ("page",)
    control_ms = 300  # limits and switch in turn
    telemetry_ms = _TICK_MS
    available_ma = 0  # not known

    in_group = None  # so many modules has the group
    undeclared = None  # the undeclared address that answered last
    _wrong = _undeclared_ticks = _apart = _setpoint_mv = _share_ma = _turn = 0
    _output_mv = _output_ma = None

    def __init__(self, can, bms, addresses, group, controller, dropped_ms, **shared):
        super().__init__(can=can, bms=bms, **shared)
        self._units = units = Units(addresses)
        self.min_ma = units.present * MIN_MA
        self._group = group
        self._controller = controller
        self._dropped = dropped_ms // _TICK_MS
        self._milli = f32_scale(1000)
        self._data = bytearray(8)
        self._rounds = Rounds(units, self._request, self._request_group if group >= 0 else None)
        can.on(_ONE | controller << 8, self._reply, mask=_REPLIES)
        if group >= 0:
            bms.guard(can, self._identifier(_GROUP, _SWITCH, group), _STOP)
        elif len(addresses) == 1:
            bms.guard(can, self._identifier(_ONE, _SWITCH, addresses[0]), _STOP)

    def _identifier(self, device, command, destination):
        return device | command << 16 | destination << 8 | self._controller

    # -- received

    def _reply(self, data, length):
        """A reply to our address, from any module."""
        unit = self._units.at(self.can.identifier & 0xFF)
        command = self.can.identifier >> 16 & 0x3F
        if unit is None and command != _COUNT:
            return self._refuse_undeclared(self.can.identifier & 0xFF)
        if self.can.identifier >> 26:
            self.faults.refused(command >= _SWITCH)
            self.can.note("error", self.can.identifier >> 26, 0)
            if command >= _SWITCH:
                self._request(_STATUS, unit)  # it tells why, before the fault is named
        elif length < 8 or not self._take(unit, command, data):
            return self.refuse("length", length, 8) if length < 8 else self.refuse("answer to", command, command)
        self._rounds.answered(unit, command)
        return True

    def _refuse_undeclared(self, address):
        known = self._undeclared_ticks and self.undeclared == address
        self._undeclared_ticks = _UNDECLARED_TICKS
        self.undeclared = address
        self._mark(_UNDECLARED, True)
        if not known:
            self._log.rare("a module answers under address %d, which the board does not declare", address)
        return self.refuse("addresses", address, address)

    def _take(self, unit, command, data):
        """Returns False for an impossible value."""
        if command == _OUTPUT:
            return self._output(unit, data)
        if command == _EXTERNAL:
            unit.mv = min((data[0] << 8 | data[1]) * 100, _MAX)
            return self._received(unit, EXTERNAL)
        if command == _STATUS:
            unit.status = data[5] << 16 | data[6] << 8 | data[7]
            unit.mdeg = ((data[4] ^ 0x80) - 0x80) * 1000
            self.temperature_mdeg.set(self._units.mdeg())
            return self._update_flags()
        if command == _ABILITY:
            return unit.set_rating(data) and self._update_available()
        if command == _COUNT and self._group >= 0:
            self.in_group = data[2]
            return self._mark(_TOO_MANY, data[2] > len(self._units.all))
        return command == _SWITCH or command == _SET

    def _output(self, unit, data):
        """03: f32be V, f32be A. Less than half an A below 0 is the noise of a sensor."""
        mv = f32be(data, 0, self._milli)
        ma = f32be(data, 4, self._milli)
        if ma < 0 and (data[4] & 0x7F) << 1 | data[5] >> 7 < 126:
            ma = 0
        if mv < 0 or ma < 0:
            return False
        self._supervision.output_voltage(mv)
        unit.output_mv = min(mv, _MAX)
        unit.ma = min(ma, _MAX)
        self._mark(_RUNS_ON, self._units.absent_ma() >= self.starting_current_ma)
        return self._received(unit, OUTPUT)

    def _received(self, unit, what):
        unit.received |= what
        if unit.received == OUTPUT | EXTERNAL:
            unit.age = 0
            if not unit.present:
                self._count(unit, True)
                self._log.info("module %d answers again", unit.address)
            if self._units.complete():
                self._measured()
        return True

    def _measured(self):
        """The output that is reported is that of the round before: the meter compares it with periods that are over."""
        units = self._units
        self._apart = max(self._apart, 1) if units.spread_mv > max(_SPREAD_MV, units.mv // 20) else 0
        self._mark(_SPREAD, self._apart > _SPREAD_TICKS)
        if not self.terminal(units.mv, units.ma):
            self.refuse()
        self.output_voltage_mv.set(self._output_mv)
        self.output_current_ma.set(self._output_ma)
        self._output_mv, self._output_ma = units.output_mv, units.ma

    def _count(self, unit, present):
        self._units.count(unit, present)
        self.min_ma = max(self._units.present, 1) * MIN_MA
        self._update_available()

    def _update_available(self):
        units = self._units
        if units.sum_up_available():
            self.set_available(units.available_mv, units.available_ma, units.available_min_mv)
        return True

    def _update_flags(self):
        status = self._units.status()
        self.status.set("not charging" if status & OFF else "charging")
        self.set_flags(flags_of(status) | (self._wrong != 0))
        return True

    def _mark(self, what, wrong):
        if wrong != (self._wrong & what != 0):
            self._wrong ^= what
            self._update_flags()
        return True

    # -- orders

    def switch(self, on, mv, ma):
        if not (on and self._derive_share(mv, ma)):
            return self._stop()
        taken = self._set_all()
        return self._start() and taken

    def lower(self, mv, ma):
        """A share that a module would refuse is a stop."""
        if not self._derive_share(mv, ma):
            self._stop()
            return
        for unit in self._units.all:
            if unit.sent_ma > self._share_ma or unit.sent_mv > mv:
                self._set(unit)
        self._sum_up_sent()

    def control(self, mv, ma):
        """Limits and switch in turn: half the frames at once, and a module that returns has limits before it starts."""
        self._turn ^= 1
        if not self._derive_share(mv, ma):
            self._stop()
        elif self._turn:
            self._set_all()
        else:
            self._start()

    def _derive_share(self, mv, ma):
        """The setpoint of each module; False if that is less than one accepts."""
        self._setpoint_mv = mv
        self._share_ma = ma // self._units.present if self._units.present else 0
        return self._share_ma >= MIN_MA

    def _set_all(self):
        taken = True
        for unit in self._units.all:
            if unit.present and unit.max_ma:
                taken = self._set(unit) and taken
        self._sum_up_sent()
        return taken

    def _set(self, unit):
        ma = min(self._share_ma, unit.max_ma)
        put_u32be(self._data, 0, self._setpoint_mv)
        put_u32be(self._data, 4, ma)
        if not self._send(_SET, unit, self._data):
            return False
        unit.sent_mv = self._setpoint_mv
        unit.sent_ma = ma
        return True

    def _start(self):
        """Those that have limits; one that is not there gets a stop."""
        taken = True
        for unit in self._units.all:
            if unit.sent_ma or not unit.present:
                taken = self._send(_SWITCH, unit, _ZEROS if unit.present else _STOP) and taken
        return taken

    def _stop(self):
        taken = self._group < 0 or self.can.send(self._identifier(_GROUP, _SWITCH, self._group), _STOP)
        for unit in self._units.all:
            if self._send(_SWITCH, unit, _STOP):
                unit.sent_mv = unit.sent_ma = 0
            else:
                taken = False
        self._sum_up_sent()
        return taken

    def _sum_up_sent(self):
        self._units.sum_up_sent()
        self.sent_mv, self.sent_ma = self._units.sent_mv, self._units.sent_ma

    def _send(self, command, unit, data):
        return self.can.send(self._identifier(_ONE, command, unit.address), data)

    def _request(self, command, unit):
        self._send(command, unit, _ZEROS)

    def _request_group(self):
        self.can.send(self._identifier(_GROUP, _COUNT, self._group), _ZEROS)

    def telemetry(self):
        if self._undeclared_ticks == 1:
            self._mark(_UNDECLARED, False)
        self._undeclared_ticks = max(0, self._undeclared_ticks - 1)
        self._apart += self._apart > 0
        unit = self._units.grow_old(self._dropped)
        if unit is not None:
            self._count(unit, False)
            self._log.warning("module %d is silent: it counts as off, the others run", unit.address)
        self._rounds.tick()

    def page(self):
        for line in self._units.page():
            yield line
        if self.in_group is not None:
            yield "group", "Group %(group)d: %(modules)d modules", {"group": self._group, "modules": self.in_group}
        if self._undeclared_ticks:
            yield "undeclared", "Undeclared module %(address)d answers", {"address": self.undeclared}
