"""Power modules with Infypower's CAN protocol V1.13 (docs/can.md): frames."""

from micropython import const

from components.charger import power_module
from components.charger.infy_rounds import Rounds
from components.charger.infy_units import EXTERNAL, LEAST_MA, OFF, OUTPUT, Units, flags_of
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

# What is wrong beside what the modules say
_STRANGER = const(1)
_TOO_MANY = const(2)
_SPREAD = const(4)
_RUNS_ON = const(8)

_MOST = const(2000000)  # above 1000 V, 1000 A: enough to be told as wrong
_TICK_MS = const(100)
_STRANGE_TICKS = const(100)
_SPREAD_MV = const(2000)
_SPREAD_TICKS = const(10)  # they are not asked at the same moment: a step of the voltage is in one of them first


class Infypower(power_module.PowerModule):
    """One to six Infypower modules in parallel, each of which is asked, told and switched by its address.

    The terminals' voltage is the external one (0C, behind the diode; the mean of all modules), their current the sum of
    what the modules measure (03): what the vehicle gets, and so what is billed. A module's own voltage (03) is that of
    its output, in front of the diode, and tells nothing of a vehicle while it is off. All must have answered for a
    measurement: see infy_rounds.

    The current is shared in equal parts. While a module is silent no measurement is complete, so the gate closes after
    3 s. A module switches off by itself when it has heard nothing for 10 s: after `dropped_ms` it counts as off, is
    told to stop, and the others go on without it (unless it tells of a current). When it answers again it takes its
    part.

    A reply from an address that is not declared is refused, and the gate is closed until 10 s after the last of them;
    likewise while the group has more modules than are declared, or external voltages differ by more than 2 V and 5 %
    for 1 s: then modules belong to another outlet. A reply with an error is a refused request; refused limits are a
    refused start, because what would be delivered is unknown.

    Options besides those of every power module: addresses, of the modules, 0..62; group, that they form (it is stopped
    as a whole, too, and asked for its number of modules), -1: none; controller, our own address, another one for each
    outlet on one bus; dropped_ms, more than the module's own 10 s.
    """

    options = power_module.options(
        addresses=(tuple, (0,)),
        group=(int, -1, -1, 62),
        controller=(int, 0xF0, 0xF0, 0xF8),
        dropped_ms=(int, 12000, 10500, 60000),
    )
    provides = ("page",)
    control_ms = 300  # limits and switch take turns
    telemetry_ms = _TICK_MS
    able_ma = 0  # not known

    in_group = None  # so many modules has the group
    stranger = None  # the undeclared address that answered last
    _wrong = _strange_ticks = _apart = 0
    _output_mv = _output_ma = None
    _want_mv = _share_ma = _turn = 0

    def __init__(self, can, bms, addresses, group, controller, dropped_ms, **shared):
        super().__init__(can=can, bms=bms, **shared)
        self._units = units = Units(addresses)
        self.least_ma = units.present * LEAST_MA
        self._group = group
        self._controller = controller
        self._dropped = dropped_ms // _TICK_MS
        self._milli = f32_scale(1000)
        self._data = bytearray(8)
        self._rounds = Rounds(units, self._ask, self._ask_group if group >= 0 else None)
        can.on(_ONE | controller << 8, self._reply, mask=_REPLIES)
        if group >= 0:
            bms.guard(can, self._identifier(_GROUP, _SWITCH, group), _STOP)
        elif len(addresses) == 1:
            bms.guard(can, self._identifier(_ONE, _SWITCH, addresses[0]), _STOP)

    def _identifier(self, device, command, destination):
        return device | command << 16 | destination << 8 | self._controller

    # -- received

    def _reply(self, data, length):
        """A reply to our address, from whomever."""
        unit = self._units.at(self.can.identifier & 0xFF)
        command = self.can.identifier >> 16 & 0x3F
        if unit is None and command != _COUNT:
            return self._strange(self.can.identifier & 0xFF)
        if self.can.identifier >> 26:
            self.faults.refused(command >= _SWITCH)
            self.can.note("error", self.can.identifier >> 26, 0)
        elif length < 8 or not self._take(unit, command, data):
            return self.refuse("length", length, 8) if length < 8 else self.refuse("answer to", command, command)
        self._rounds.answered(unit, command)
        return True

    def _strange(self, address):
        known = self._strange_ticks and self.stranger == address
        self._strange_ticks = _STRANGE_TICKS
        self.stranger = address
        self._mark(_STRANGER, True)
        if not known:
            self._log.rare("a module answers under address %d, which the board does not declare", address)
        return self.refuse("addresses", address, address)

    def _take(self, unit, command, data):
        """Returns False for what cannot be."""
        if command == _OUTPUT:
            return self._output(unit, data)
        if command == _EXTERNAL:
            unit.mv = min((data[0] << 8 | data[1]) * 100, _MOST)
            return self._heard(unit, EXTERNAL)
        if command == _STATUS:
            unit.status = data[5] << 16 | data[6] << 8 | data[7]
            unit.mdeg = ((data[4] ^ 0x80) - 0x80) * 1000
            self.temperature_mdeg.set(self._units.mdeg())
            return self._tell()
        if command == _ABILITY:
            return unit.can(data) and self._tell_ability()
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
        unit.output_mv = min(mv, _MOST)
        unit.ma = min(ma, _MOST)
        self._mark(_RUNS_ON, self._units.absent_ma() >= self.starting_current_ma)
        return self._heard(unit, OUTPUT)

    def _heard(self, unit, what):
        unit.heard |= what
        if unit.heard == OUTPUT | EXTERNAL:
            unit.age = 0
            if not unit.present:
                self._count(unit, True)
                self._log.info("module %d answers again", unit.address)
            if self._units.complete():
                self._measured()
        return True

    def _measured(self):
        """The output that is told is that of the round before: the meter holds it against periods that are over."""
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
        self.least_ma = max(self._units.present, 1) * LEAST_MA
        self._tell_ability()

    def _tell_ability(self):
        units = self._units
        if units.able():
            self.able(units.able_mv, units.able_ma, units.able_least_mv)
        return True

    def _tell(self):
        status = self._units.status()
        self.status.set("not charging" if status & OFF else "charging")
        self.flagged(flags_of(status) | (self._wrong != 0))
        return True

    def _mark(self, what, wrong):
        if wrong != (self._wrong & what != 0):
            self._wrong ^= what
            self._tell()
        return True

    # -- orders

    def switch(self, on, mv, ma):
        if not (on and self._wish(mv, ma)):
            return self._stop()
        taken = self._set_all()
        return self._start() and taken

    def lower(self, mv, ma):
        """A share that a module would refuse is a stop."""
        if not self._wish(mv, ma):
            self._stop()
            return
        for unit in self._units.all:
            if unit.told_ma > self._share_ma or unit.told_mv > mv:
                self._set(unit)
        self._note()

    def control(self, mv, ma):
        """Limits and switch take turns: half the frames at once, and who comes back has limits before it starts."""
        self._turn ^= 1
        if not self._wish(mv, ma):
            self._stop()
        elif self._turn:
            self._set_all()
        else:
            self._start()

    def _wish(self, mv, ma):
        """What each module is to be told; False if that is less than it takes."""
        self._want_mv = mv
        self._share_ma = ma // self._units.present if self._units.present else 0
        return self._share_ma >= LEAST_MA

    def _set_all(self):
        taken = True
        for unit in self._units.all:
            if unit.present and unit.most_ma:
                taken = self._set(unit) and taken
        self._note()
        return taken

    def _set(self, unit):
        ma = min(self._share_ma, unit.most_ma)
        put_u32be(self._data, 0, self._want_mv)
        put_u32be(self._data, 4, ma)
        if not self._send(_SET, unit, self._data):
            return False
        unit.told_mv = self._want_mv
        unit.told_ma = ma
        return True

    def _start(self):
        """Those that have limits; one that is not there gets a stop."""
        taken = True
        for unit in self._units.all:
            if unit.told_ma or not unit.present:
                taken = self._send(_SWITCH, unit, _ZEROS if unit.present else _STOP) and taken
        return taken

    def _stop(self):
        taken = self._group < 0 or self.can.send(self._identifier(_GROUP, _SWITCH, self._group), _STOP)
        for unit in self._units.all:
            if self._send(_SWITCH, unit, _STOP):
                unit.told_mv = unit.told_ma = 0
            else:
                taken = False
        self._note()
        return taken

    def _note(self):
        self._units.told()
        self.told_mv, self.told_ma = self._units.told_mv, self._units.told_ma

    def _send(self, command, unit, data):
        return self.can.send(self._identifier(_ONE, command, unit.address), data)

    def _ask(self, command, unit):
        self._send(command, unit, _ZEROS)

    def _ask_group(self):
        self.can.send(self._identifier(_GROUP, _COUNT, self._group), _ZEROS)

    def telemetry(self):
        if self._strange_ticks == 1:
            self._mark(_STRANGER, False)
        self._strange_ticks = max(0, self._strange_ticks - 1)
        self._apart += self._apart > 0
        unit = self._units.grow_old(self._dropped)
        if unit is not None:
            self._count(unit, False)
            self._log.warning("module %d is silent: it counts as off, the others go on", unit.address)
        self._rounds.tick()

    def page(self):
        for line in self._units.page():
            yield line
        if self.in_group is not None:
            yield "group", "Group %(group)d: %(modules)d modules", {"group": self._group, "modules": self.in_group}
        if self._strange_ticks:
            yield "stranger", "Undeclared module %(address)d answers", {"address": self.stranger}
