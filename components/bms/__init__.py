"""The vehicle's side of the bus. This page is the contract Vehicle; `Bms` below is the reference protocol behind it.

A vehicle's protocol is a component, called ``bms`` in the board (inside its outlet's scope), whichever class it is.
Other components use of it only what is listed here. None means that a value is not known: never received, or too old.
An unknown value blocks charging.

Signals, each a `core.signals.Signal`:

``permitted``           bool or None: the vehicle permits charging now
``max_voltage_mv``      int or None: what it requests at most; `Setpoint` never requests more from the power module
``max_current_ma``      int or None: the same of the current; 0 is a request like any other
``mode``                "charging", "heating" or None
``online``              bool, never None: a valid frame of the vehicle within the last 3 s. ``online.at_ms`` is the
                        time of the last one in ticks. The plug's state depends on it
``soc_permille``        int 0..1000 or None
``range_m``, ``capacity_mah``, ``battery_mah``, ``charged_mah``, ``discharged_mah``
                        int or None: shown and reported only
``model``               str or None: shown and reported only

Counter: ``refused``, frames that were too short or held impossible values.

Method: ``guard(can, answer, data)`` is called once, while the power module's component is built. If the vehicle's stop
is one byte that is not 0 in one frame, and `can` is the vehicle's own bus, it calls ``can.guard(identifier, at, answer,
data, fired)`` (components/can); else it does nothing.

What an implementation must do:

- It sets ``gate.bms_permits`` together with ``permitted``: True for a permission, False for a stop, and within the call
  that handles the frame. A stop is honoured whatever else its frame holds.
- A frame with an impossible value is refused: its handler returns False (``can.refuse(option, value, limit)`` does,
  and shows why), `refused` counts it, it changes and renews no Signal.
- After a time-out of its own (an option; 5 s unless the protocol says otherwise) without a valid request, everything of
  it is None and ``gate.bms_permits`` is False.
- While its ``run`` or ``tick`` does not run, no permission is accepted: it would not expire.
- A frame that repeats the one before is handled without an allocation.

`tests_unix/upy/components/bms/vehicle_contract.py` tests all of that; an implementation passes it with a small rig of
its own frames.
"""

import asyncio
import time
from micropython import const

from core.signals import Signal
from core.wire import TOO_BIG, u32be

_REQUEST = const(0x1806E5F4)
_CHARGED = const(0x160B8001)
_DISCHARGED = const(0x160D8001)
_REQUEST_CHARGED = const(0x160B0180)
_REQUEST_DISCHARGED = const(0x160D0180)

_SWITCH = const(4)  # byte of the charge request: 0 permits
_REQUEST_TICKS = const(20)  # every so many ticks: 2 s
_REQUEST_GAP_MS = const(10)
_ONLINE_MS = const(3000)
_ZEROS = const(b"\0\0\0\0\0\0\0\0")
_MODES = const(("charging", "heating"))
# up to this current, capacity, name; the last one is for all that is above
_MODELS = const(((30000, 30000, "Classic"), (60000, 60000, "Pro"), (1000000, 90000, "Max")))


class Bms:
    """The reference protocol (docs/can.md): the charge request of Elcon/TC, and two counters of Ah.

    Options: timeout_ms; lowest_mv, highest_mv, highest_ma, the bounds of a request; range_m_per_ah; models, tuples
    (up to this maximum current in mA, capacity in mAh, name) in rising order; the last is for all that is above.
    """

    requires = ("can", "gate", "clock", "log")
    options = {
        "timeout_ms": (int, 5000, 1000, 60000),
        "lowest_mv": (int, 10000, 0, 1000000),
        "highest_mv": (int, 200000, 1000, 1000000),
        "highest_ma": (int, 500000, 1000, 1000000),
        "range_m_per_ah": (int, 2700, 0, 50000),
        "models": (tuple, _MODELS),
    }

    def __init__(
        self,
        can,
        gate,
        clock,
        log,
        timeout_ms,
        lowest_mv,
        highest_mv,
        highest_ma,
        range_m_per_ah,
        models,
    ):
        self._can = can
        self._gate = gate
        self._clock = clock
        self._log = log
        self._timeout_ms = timeout_ms
        self._lowest_mv = lowest_mv
        self._highest_mv = highest_mv
        self._highest_ma = highest_ma
        self._m_per_ah = range_m_per_ah
        self._models = models
        for _, capacity_mah, _ in models:
            if not 0 < capacity_mah <= 1000000:
                raise ValueError("models: capacity %r mAh is not within 1..1000000" % capacity_mah)
        self._sized_for = 0
        self._add_signals(clock)
        self.refused = 0
        self._request_in = 1  # ticks
        self._watching = False  # whether `tick` expires stale values
        self._last_request = bytearray(8)  # the last permission
        can.on(_REQUEST, self._request)
        can.on(_CHARGED, self._charged)
        can.on(_DISCHARGED, self._discharged)

    def _add_signals(self, clock):
        self.permitted = Signal(None, clock)
        self.max_voltage_mv = Signal(None, clock)
        self.max_current_ma = Signal(None, clock)
        self.mode = Signal(None, clock)
        self.online = Signal(False, clock)
        self.charged_mah = Signal(None, clock)
        self.discharged_mah = Signal(None, clock)
        self.capacity_mah = Signal(None, clock)
        self.model = Signal(None, clock)
        self.battery_mah = Signal(None, clock)
        self.soc_permille = Signal(None, clock)
        self.range_m = Signal(None, clock)

    def guard(self, can, answer, data):
        if can is self._can:
            can.guard(_REQUEST, _SWITCH, answer, data, self._stopped_by_guard)

    # -- received

    def _request(self, data, length):
        """Charge request: maximum voltage and current, switch, mode (DLC 8; 6 bytes are used)."""
        if data == self._last_request and self.permitted.value:
            return self._renew()  # the usual one: nothing changed
        if length > _SWITCH and data[_SWITCH]:
            return self._stop(length)
        if not self._watching:
            return True
        if length < 6:
            return self._refuse("length", length, 6)
        if not self._store(data[0] << 8 | data[1], data[2] << 8 | data[3], data[5]):
            return False
        self.online.set(True)
        self.permitted.set(True)
        self._gate.bms_permits.set(True)
        self._keep_request(data, length)
        return True

    def _renew(self):
        self.permitted.set(True)
        self.online.set(True)
        return True

    def _keep_request(self, data, length):
        if length == len(self._last_request):
            for i in range(length):
                self._last_request[i] = data[i]

    def _stop(self, length):
        self._gate.bms_permits.set(False)
        self.permitted.set(False)
        self.online.set(True)
        return True if length > 5 else self._refuse("length", length, 6)

    def _stopped_by_guard(self):
        """Only the interrupt has received the frame."""
        self._stop(8)

    def _store(self, decivolts, deciamps, mode):
        """Set the requested values; False, and refused, if one is impossible."""
        mv = decivolts * 100
        ma = deciamps * 100
        if mode > 1:
            return self._refuse("mode", mode, 1)
        if ma > self._highest_ma:
            return self._refuse("highest_ma", ma, self._highest_ma)
        if mv > self._highest_mv:
            return self._refuse("highest_mv", mv, self._highest_mv)
        if mv < self._lowest_mv:
            return self._refuse("lowest_mv", mv, self._lowest_mv)
        self.max_voltage_mv.set(mv)
        if ma != self.max_current_ma.value:
            self._size_battery(ma)
        self.max_current_ma.set(ma)
        self.mode.set(_MODES[mode])
        return True

    def _refuse(self, what, value, limit):
        self.refused += 1
        return self._can.refuse(what, value, limit)

    def _charged(self, data, length):
        return self._amp_hours(self.charged_mah, data, length)

    def _discharged(self, data, length):
        return self._amp_hours(self.discharged_mah, data, length)

    def _amp_hours(self, signal, data, length):
        if length < 4:
            return self._refuse("length", length, 4)
        value = u32be(data, 0)
        if value == TOO_BIG:
            return self._refuse("counter in mAh", value, TOO_BIG - 1)
        signal.set(value)
        self.online.set(True)
        self._derive()
        return True

    # -- derived

    def _size_battery(self, max_current_ma):
        """Capacity and model, from the largest current that was requested: it requests less when it gets full."""
        largest = self.max_current_ma.value
        if largest is not None and max_current_ma < self._sized_for:
            return
        self._sized_for = max_current_ma
        for up_to_ma, capacity_mah, name in self._models:
            self.capacity_mah.set(capacity_mah)
            self.model.set(name)
            if max_current_ma <= up_to_ma:
                break
        self._derive()

    def _derive(self):
        charged, discharged = self.charged_mah.value, self.discharged_mah.value
        capacity = self.capacity_mah.value
        if charged is None or discharged is None or capacity is None:
            return
        mah = max(0, min(charged - discharged, capacity))
        self.battery_mah.set(mah)
        self.soc_permille.set(mah * 1000 // capacity)
        self.range_m.set(mah // 100 * self._m_per_ah // 10)

    # -- periodic

    def tick(self, passed):
        """Expire stale values; every 2 s request the charge state."""
        self._expire()
        self._watching = True
        self._request_in -= passed
        if self._request_in <= 0:
            self._request_in = max(1, self._request_in + _REQUEST_TICKS)
            try:
                asyncio.create_task(self._request_counters())
            except MemoryError:
                pass  # they are requested again

    def halt(self):
        self._watching = False
        self._request_in = 1
        self._clear_request()

    def _expire(self):
        if self.online.value and self.online.age_ms() > _ONLINE_MS:
            self.online.set(False)
        if self.permitted.value is not None and self.permitted.age_ms() > self._timeout_ms:
            self._log.warning("no charge request for %d ms", self._timeout_ms)
            self._clear_request()
        lost = self.charged_mah.expire(self._timeout_ms)
        if self.discharged_mah.expire(self._timeout_ms) or lost:
            self._clear_charge()

    def _clear_request(self):
        self._gate.bms_permits.set(False)
        for signal in (self.permitted, self.max_voltage_mv, self.max_current_ma, self.mode):
            signal.set(None)
        self.capacity_mah.set(None)
        self.model.set(None)
        self._clear_charge()

    def _clear_charge(self):
        for signal in (self.battery_mah, self.soc_permille, self.range_m):
            signal.set(None)

    async def _request_counters(self):
        self._can.send(_REQUEST_CHARGED, _ZEROS)
        sent_ms = self._clock.ticks_ms()
        await self._clock.sleep_ms(_REQUEST_GAP_MS)
        while time.ticks_diff(self._clock.ticks_ms(), sent_ms) < _REQUEST_GAP_MS:
            await self._clock.sleep_ms(1)
        self._can.send(_REQUEST_DISCHARGED, _ZEROS)
