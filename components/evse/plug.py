"""Whether a vehicle is plugged in: no contact reports it, so it is inferred from CAN data."""

import time
from array import array
from micropython import const

_WINDOW = const(10)  # ticks over which the fall of the voltage is measured: 1 s
_SURE = const(5)  # ticks for which a fall must last: one wrong measurement lasts 2
_SETTLE = const(10)  # ticks, not ms: a vehicle may be plugged in for longer than ticks_ms can measure
_STEADY_MA = const(10000)  # a battery of 0.1 ohm moves 1 V with it


class Plug:
    """Sets ``gate.plugged`` (also here as the Signal ``plugged``); ``reason`` is why it was last unplugged.

    Plugged in: terminal or output voltage inside the board's limits, or BMS frames.

    Unplugged, whichever comes first:

    - no BMS frame for 3 s (or none within 3 s after the voltage showed a vehicle);
    - charging is enabled, the setpoint is 1 A or more (a lower one may explain the low current), the voltage is
      present, the power module does not report "not charging", and under 0.5 A flow for 5 s;
    - the terminal voltage fell by more than `fall_mv` within 1 s, seen for 0.5 s so that it is no wrong measurement. A
      second in which the current fell by more than 10 A does not count, for then the battery's own resistance moves the
      voltage; nor does the first second after the plugging in, when the battery pulls charged capacitors down, nor the
      return from above the board's limit, where no vehicle's battery is.

    The evidence that was there at an unplugging does not count as a new vehicle, for the capacitors hold their voltage
    for a minute and a BMS may continue to send: voltage counts again after it was seen outside the limits, or unknown
    because the charger went silent; BMS frames count again after none came for 3 s. Nor does a voltage that is there at
    the first measurement after a start: it may be the capacitors', and a vehicle shows itself by BMS frames.
    """

    requires = ("bms", "charger", "gate", "clock", "log")
    options = {
        "no_bms_ms": (int, 3000, 500, 60000),
        "no_current_ma": (int, 500, 0, 100000),
        "no_current_ms": (int, 5000, 500, 600000),
        "fall_mv": (int, 2000, 100, 100000),
    }

    def __init__(self, bms, charger, gate, clock, log, no_bms_ms, no_current_ma, no_current_ms, fall_mv):
        self._bms = bms
        self._charger = charger
        self._gate = gate
        self._clock = clock
        self._log = log
        self._no_bms_ms = no_bms_ms
        self._no_current_ma = no_current_ma
        self._no_current_ms = no_current_ms
        self._fall_mv = fall_mv
        self.plugged = gate.plugged
        self.reason = ""
        self._voltage_counts = self._voltage_known = False
        self._bms_counts = True
        self._plugged_ms = self._current_ms = clock.ticks_ms()
        self._samples = array("i", [-1] * (2 * _WINDOW))  # of the last second, mV and then mA; -1: not known
        self._turn = 0
        self._falling = 0  # ticks in a row
        self._settling = 0  # ticks that are left
        bms.online.watch(self._bms_changed)
        gate.enabled.watch(self._switched)

    def halt(self):
        self.plugged.set(False)

    def tick(self, passed):
        falls = self._sample()
        self._rearm()
        if self.plugged.value:
            why = self._why_unplugged(falls)
            if why:
                self._unplug(why)
        elif (self._bms_counts and self._bms.online.value) or (self._voltage_counts and self._voltage_inside()):
            self._plug()

    # -- evidence of a vehicle

    def _bms_changed(self, online):
        """The first BMS frame after a silence, or the silence: acted on while it is handled."""
        if online:
            if self._bms_counts and not self.plugged.value:
                self._plug()
        else:
            self._bms_counts = True
            if self.plugged.value:
                self._unplug("no BMS frames")

    def _voltage_inside(self):
        charger = self._charger
        return self._inside(charger.terminal_voltage_mv.value) or self._inside(charger.output_voltage_mv.value)

    def _inside(self, mv):
        return mv is not None and self._charger.min_voltage_mv <= mv <= self._charger.max_voltage_mv

    def _rearm(self):
        if not self._voltage_inside():
            self._voltage_counts = self._voltage_known
        charger = self._charger
        if charger.terminal_voltage_mv.value is not None or charger.output_voltage_mv.value is not None:
            self._voltage_known = True
        if not self._bms.online.value:
            self._bms_counts = True

    def _plug(self):
        self._plugged_ms = self._current_ms = self._clock.ticks_ms()
        self._settling = _SETTLE
        self.plugged.set(True)
        self._log.info("plugged in")

    def _unplug(self, why):
        self.reason = why
        self._voltage_counts = not self._voltage_inside()
        self._bms_counts = not self._bms.online.value
        self.plugged.set(False)
        self._log.info("unplugged: %s", why)

    # -- evidence of none

    def _why_unplugged(self, falls):
        """Why the vehicle counts as unplugged, or ""."""
        if not self._bms.online.value and self._since(self._plugged_ms) >= self._no_bms_ms:
            return "no BMS frames"
        if self._no_current():
            return "no current"
        return "voltage falls" if falls else ""

    def _since(self, ticks_ms):
        return time.ticks_diff(self._clock.ticks_ms(), ticks_ms)

    def _no_current(self):
        charger = self._charger
        ma = charger.terminal_current_ma.value
        if (
            not self._gate.enabled.value
            or ma is None
            or ma >= self._no_current_ma
            or charger.status.value == "not charging"
            or charger.setpoint_ma.value < 2 * self._no_current_ma
            or not self._voltage_inside()
        ):
            self._current_ms = self._clock.ticks_ms()
        return self._since(self._current_ms) >= self._no_current_ms

    def _switched(self, _):
        self._current_ms = self._clock.ticks_ms()

    def _sample(self):
        """Take a sample; True if the voltage fell too fast: now compared with one second ago."""
        mv = self._charger.terminal_voltage_mv.value
        if mv is not None and mv > self._charger.max_voltage_mv:
            mv = None
        if mv is None or self._settling:
            self._settling = max(0, self._settling - 1)
            self._clear_samples()  # what comes after a silence, a plug or a false value did not fall within a second
        fell_mv = self._replace(0, mv)
        fell_ma = self._replace(_WINDOW, self._charger.terminal_current_ma.value)
        self._turn = (self._turn + 1) % _WINDOW
        self._falling = self._falling + 1 if fell_mv > self._fall_mv and fell_ma <= _STEADY_MA else 0
        return self._falling >= _SURE

    def _replace(self, at, value):
        """Put a sample in the place of the one a second ago, behind `at`; by how much it fell."""
        at += self._turn
        before = self._samples[at]
        self._samples[at] = -1 if value is None else value
        return 0 if value is None else before - value

    def _clear_samples(self):
        for i in range(len(self._samples)):
            self._samples[i] = -1
