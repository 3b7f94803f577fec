"""Chargers with the Elcon/TC protocol as power modules (docs/can.md): frames.

The protocol is made for a charger that takes its requests from the vehicle's BMS. Here the controller sends them, and
the vehicle is on a bus of its own: on one bus its requests, which have the same identifier, would bypass the gate.
"""

from micropython import const

from components.charger import power_module

_REQUEST = const(0x180600F4)  # and the address in bits 15..8
_STATUS = const(0x18FF5000)  # and the address in bits 7..0
_ANY_STATUS = const(0x1FFFFF00)
_CONTROLLER = const(0xF4)  # the source address of requests, in bits 7..0
_OFF = const(1)
_STOP = const(b"\0\0\0\0\x01\0\0\0")  # what `_request` sends
_STOPPING = const(0x17)  # flags of a module that does not deliver: hardware, temperature, input, time-out
_NO_BATTERY = const(0x08)
_ONLINE = const(1)  # bits of all modules together
_WORKS = const(2)
_CHARGES = const(4)
_BATTERY = const(8)  # as in the flags of the contract
_MOST = const(10000)  # 1000 V, 1000 A

_SILENT = const(30)  # ticks of 100 ms without a status
_TIMEOUT = const(55)  # after so long without a request a module is off: 5 s by the protocol
_DELIVERS = const(50)  # and before so long it is not
_FOREIGN = const(50)  # after the last foreign frame charging is blocked for so long
_PAGE = const("Module 0x%(address)02X: %(state)s, %(mv)d mV, %(ma)d mA of %(sent_ma)d mA, flags 0x%(flags)02X")
_UNDECLARED = const("a module answers with identifier 0x%08X, whose address the board does not declare")
_REQUESTED = const("another controller sends requests to a module, 0x%08X: is the vehicle on this bus?")


class Unit:
    """One module. ``age``, ``requested`` and ``off`` count ticks since its last status, request and stop; ``left``: so
    many after that status it delivers, even if it receives nothing more."""

    age = requested = off = _TIMEOUT
    left = 0
    decivolts = deciamps = flags = 0
    sent_ma = possible_ma = 0  # what was requested; the most that it may still deliver
    fresh = False  # its status is not yet in a measurement
    usable = False

    def __init__(self, address):
        self.address = address

    def delivers(self):
        """Whether it is silent and delivers what it reported last: no stop was sent, its time-out is not over."""
        return self.sent_ma > 0 and _SILENT <= self.age < self.left


class Elcon(power_module.PowerModule):
    """Modules in parallel, each with its address, which share the current in equal parts.

    What is billed is the sum of the output currents that they report, at the voltage that they report: both have a
    resolution of 0.1, once a second (the meter's `power_period_ms` is 1000 then).

    A module that reports a fault is switched off, and its share goes to the others: at once if its status shows no
    current, else after the time by which the protocol's time-out of 5 s has switched it off. While none works their
    faults are those of the outlet.

    One that is silent for 3 s while another is online may still receive: it gets requests, and its last current counts,
    until 5 s after the last request before its last status. So long it delivers in both cases; then it is switched off.

    A foreign frame, a status with another address or a request to one of these modules from another controller, is
    refused and counted. It blocks charging until 5 s after the last one: the bus is not what the board declares.

    Options besides those of every power module: addresses, of one to four modules (0xE5 and up as the maker gives
    them); module_ma, what one of them can deliver; shared_bus, whether modules of another outlet are on this bus.
    """

    options = power_module.options(
        addresses=(tuple, (0xE5,)), module_ma=(int, 100000, 1000, 1000000), shared_bus=(bool, False)
    )
    provides = ("page",)
    control_ms = 900  # the protocol has 1 s
    min_ma = 100
    available_ma = 0

    _foreign = 0  # ticks left
    _foreign_id = 0  # the identifier of the last foreign frame
    _logged_id = 0  # likewise, that is in the log

    def __init__(self, can, bms, addresses, module_ma, shared_bus, **shared):
        _check(addresses)
        super().__init__(can=can, bms=bms, **shared)
        self._bms = bms
        self._module_ma = module_ma
        self._units = tuple([Unit(address) for address in addresses])
        self._data = bytearray(8)
        for unit in self._units:
            can.on(_REQUEST | unit.address << 8, self._refuse_foreign)
            if shared_bus:
                can.on(_STATUS | unit.address, self._status)
        if not shared_bus:
            can.on(_STATUS, self._status, mask=_ANY_STATUS)
        if len(addresses) == 1:
            bms.guard(can, _REQUEST | addresses[0] << 8, _STOP)

    # -- received

    def _status(self, data, length):
        """0x18FF50 and the address: voltage and current in 0.1, flags."""
        unit = self._unit_of(self.can.identifier & 0xFF)
        if unit is None:
            return self._refuse_foreign()
        if length < 5:
            return self.refuse("length", length, 5)
        decivolts, deciamps = data[0] << 8 | data[1], data[2] << 8 | data[3]
        if decivolts > _MOST or deciamps > _MOST:
            self.terminal(decivolts * 100, deciamps * 100)  # no measurement, and no proof of being inside the limits
            return self.refuse("0.1 V or A", max(decivolts, deciamps), _MOST)
        unit.decivolts, unit.deciamps, unit.flags = decivolts, deciamps, data[4]
        unit.age = 0
        unit.left = _DELIVERS - unit.requested
        if not unit.sent_ma and not deciamps:
            unit.possible_ma = 0
        self._update_flags()
        self._measured(unit)
        return True

    def _unit_of(self, address):
        for unit in self._units:
            if unit.address == address:
                return unit
        return None

    def _measured(self, unit):
        """A measurement is complete with a status of each module on line, or with the second one of any of them."""
        waits = not unit.fresh
        unit.fresh = True
        if waits:
            for other in self._units:
                if not other.fresh and other.age < _SILENT:
                    return
        self._sum()
        unit.fresh = not waits

    def _sum(self):
        """The sum of the currents, at the mean of the voltages, weighted by current; without one at the highest."""
        deciamps = weighted = decivolts = 0
        for unit in self._units:
            unit.fresh = False
            if unit.delivers():
                unit.deciamps = min(unit.deciamps, unit.sent_ma // 100)  # it may have received a lower request
            elif unit.age >= _SILENT:
                continue
            deciamps += unit.deciamps
            weighted += unit.decivolts * unit.deciamps  # below 2**30
            decivolts = max(decivolts, unit.decivolts)
        mv = decivolts * 100
        if deciamps:
            mv = weighted // deciamps * 100 + weighted % deciamps * 100 // deciamps
        self.terminal(mv, deciamps * 100)

    def _refuse_foreign(self, data=None, length=0):
        """A status with another address, or a request that another controller sends."""
        self._foreign = _FOREIGN
        self._foreign_id = identifier = self.can.identifier
        self._update_flags()
        if identifier & 0xFF == _CONTROLLER:
            return self.refuse()
        return self.refuse("addresses_0x", identifier & 0xFF, identifier & 0xFF)

    def _update_flags(self):
        """Flags and status of the outlet. It has a fault if each module on line has one, else it charges without."""
        faults = seen = 0
        for unit in self._units:
            if unit.age < _SILENT:
                faults |= unit.flags & _STOPPING
                seen |= _ONLINE if unit.flags & _STOPPING else _ONLINE | _WORKS
                if not unit.flags & _NO_BATTERY:
                    seen |= _BATTERY
                    if unit.sent_ma and not unit.flags & _STOPPING:
                        seen |= _CHARGES
        if seen & _ONLINE:
            self.status.set("charging" if seen & _CHARGES else "not charging")
        self.set_flags((0 if seen & _WORKS else faults) | seen & _BATTERY | (self._foreign > 0))

    # -- periodic

    def expire(self, polled_ms):
        """Every 100 ms: count ticks, and share anew if a module is lost or comes back."""
        changed = False
        if self._foreign:
            self._log_foreign()
        for unit in self._units:
            unit.age = min(unit.age + 1, _TIMEOUT)
            unit.requested = min(unit.requested + 1, _DELIVERS)
            unit.off = 0 if unit.sent_ma else min(unit.off + 1, _TIMEOUT)
            if unit.possible_ma and unit.off >= _TIMEOUT:
                unit.possible_ma = 0
                changed = True
            changed |= unit.sent_ma > 0 and unit.age == unit.left  # now it is switched off
            usable = unit.age < _SILENT and not unit.flags & _STOPPING
            if usable is not unit.usable:
                unit.usable = usable
                changed = True
                self._log_unit(unit)
        if changed:
            self._update_available()

    def _update_available(self):
        count = 0
        for unit in self._units:
            count += unit.usable
        self.set_available(power_module.NO_LIMIT, count * self._module_ma)
        if self._gate.enabled.value:
            self._share(self.setpoint_mv.value, self.setpoint_ma.value)

    def _log_foreign(self):
        if self._foreign_id != self._logged_id:
            self._logged_id = self._foreign_id
            self._log.error(_REQUESTED if self._foreign_id & 0xFF == _CONTROLLER else _UNDECLARED, self._foreign_id)
        self._foreign -= 1
        if not self._foreign:
            self._logged_id = 0
            self._update_flags()

    def _log_unit(self, unit):
        if unit.usable:
            self._log.info("module 0x%02X is ready", unit.address)
        elif unit.age < _SILENT:
            self._log.warning("module 0x%02X has flags 0x%02X: it is off", unit.address, unit.flags)
        else:
            self._log.warning("module 0x%02X is silent", unit.address)

    def page(self):
        """For the operator: each module, and a foreign frame."""
        for unit in self._units:
            shown = {"address": unit.address, "usable": unit.usable, "silent": unit.age >= _SILENT, "flags": unit.flags}
            shown.update({"mv": unit.decivolts * 100, "ma": unit.deciamps * 100, "sent_ma": unit.sent_ma})
            shown["state"] = "silent" if unit.age >= _SILENT else "ready" if unit.usable else "off"
            yield "0x%02X" % unit.address, _PAGE, shown
        if self._foreign:
            yield "foreign", "Foreign CAN frame 0x%(identifier)08X", {"identifier": self._foreign_id}

    # -- sent

    def switch(self, on, mv, ma):
        """One frame has the limits and the switch."""
        return self._share(mv, ma if on else 0)

    def _share(self, mv, ma):
        """Request each part: first those that fall, then, if the bus took all of these, those that rise."""
        share_ma = self._part(ma)
        for falls in (True, False):
            sent = True
            for unit in self._units:
                part_ma = share_ma if unit.usable else min(unit.sent_ma, ma) if unit.delivers() else 0
                if (part_ma <= unit.sent_ma) is falls and not self._request(unit, mv, part_ma):
                    sent = False
            if not sent:
                break
        if sent:
            self.sent_mv = mv
        self.sent_ma = 0
        for unit in self._units:
            self.sent_ma += unit.sent_ma
        return sent

    def _part(self, ma):
        """The part of each module, in steps of 0.1 A, of what is left by those that were lost and may still deliver."""
        count = 0
        for unit in self._units:
            if unit.usable:
                count += 1
            else:
                ma -= unit.possible_ma
        if ma <= 0 or not count:
            return 0
        return ma // count // 100 * 100  # within module_ma, as `set_available` limits the setpoint

    def _request(self, unit, mv, ma):
        """0x1806, the address, 0xF4: voltage and current in 0.1, b4 0 = on, b5 1 = battery heating."""
        data = self._data
        data[0] = mv // 100 >> 8
        data[1] = mv // 100 & 0xFF
        data[2] = ma // 100 >> 8
        data[3] = ma // 100 & 0xFF
        data[4] = 0 if ma else _OFF
        data[5] = self._bms.mode.value == "heating"
        if not self.can.send(_REQUEST | unit.address << 8, data):
            return False
        unit.sent_ma = ma
        unit.requested = 0
        if ma:
            unit.possible_ma = ma
        return True


def _check(addresses):
    """Raise ValueError for what are no addresses of modules."""
    for address in addresses:
        if not isinstance(address, int) or not 0 <= address <= 0xFF or list(addresses).count(address) > 1:
            shown = "0x%02X" % address if isinstance(address, int) else repr(address)
            raise ValueError("addresses: %s is not an address of one module, 0..0xFF, once" % shown)
    if not 1 <= len(addresses) <= 4:
        raise ValueError("addresses: %d modules are not within 1..4" % len(addresses))
