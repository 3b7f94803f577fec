"""What every power module has, whatever its protocol: see the package for the contract."""

from micropython import const

from components.charger import limits
from components.charger.setpoint import NO_LIMIT
from core.ticks import TICK_MS
from core.wire import product

_SILENT_MS = const(3000)
_POLLED_SILENT_MS = const(5000)  # what is polled in turn comes once a second
_MOST = const(1000000)  # 1000 V, 1000 A


def options(**own):
    """The options of every power module, and those of one protocol. (A function: after the start they are not kept.)"""
    own.update({
        "min_voltage_mv": (int, 56000, 0, _MOST),
        "max_voltage_mv": (int, 85500, 1, _MOST),
        "max_current_ma": (int, 300000, 1, _MOST),
        "max_temperature_mdeg": (int, 70000, 1, 200000),
        "recovery_ms": (int, 1000, 0, 60000),
        "over_current_ma": (int, 5000, 100, _MOST),
        "over_current_ms": (int, 1000, 100, 60000),
        "over_voltage_mv": (int, 1000, 100, 100000),
        "silent_fault_ms": (int, 10000, 0, 3600000),
        "unstopped_ms": (int, 3000, 500, 60000),
        "quiet_ms": (int, 5000, 1000, 3600000),
        "starting_current_ma": (int, 500, 1, 10000),
    })  # fmt: skip
    return own


class PowerModule:
    """The base of each protocol. Its docstring is that of the package: the contract, and what a protocol has to have.

    Options: limits of the board; recovery_ms, how long all must be inside the limits; over_current_ma, over_current_ms,
    over_voltage_mv, see Supervision; unstopped_ms, quiet_ms, see StopFailure; silent_fault_ms, see Faults;
    starting_current_ma, a lower current with the gate closed is the noise of an idle sensor.
    """

    requires = ("can", "bms", "gate", "store", "kernel", "clock", "log")
    keeps = ("charger/unstopped",)

    # What the protocol sets
    control_ms = 500  # a multiple of 100
    telemetry_ms = 0  # likewise; 0: nothing is polled
    min_ma = 1  # a lower current is 0 on the wire
    sent_mv = sent_ma = 0
    available_mv = available_ma = NO_LIMIT
    available_min_mv = 0

    refused = 0
    _meter = None
    _control_in_ms = _telemetry_in_ms = TICK_MS
    _stop_lost = False  # the bus did not take it

    def __init__(self, can, bms, gate, store, kernel, clock, log, **options):
        from components.charger.faults import Faults, StopFailure  # names that only this needs
        from components.charger.setpoint import Setpoint

        low_mv, high_mv, max_ma = options["min_voltage_mv"], options["max_voltage_mv"], options["max_current_ma"]
        if low_mv >= high_mv:
            raise ValueError("min_voltage_mv %d is not below max_voltage_mv %d" % (low_mv, high_mv))
        self.min_voltage_mv, self.max_voltage_mv, self.max_current_ma = low_mv, high_mv, max_ma
        self.starting_current_ma = options["starting_current_ma"]
        self.can = can
        self._gate, self._log = gate, log
        self._add_signals(clock)
        self._limits = limits.Limits(clock, gate, self.error, options["recovery_ms"])
        set_wrong = self._limits.set_wrong
        self._setpoint = setpoint = Setpoint(clock, bms, gate, self, set_wrong)
        self.setpoint_mv, self.setpoint_ma = setpoint.voltage_mv, setpoint.current_ma
        tolerance = options["over_current_ma"], options["over_voltage_mv"], options["over_current_ms"]
        mdeg = options["max_temperature_mdeg"]
        self._supervision = supervision = limits.Supervision(self, clock, gate, setpoint, set_wrong, mdeg, tolerance)
        self.output_voltage_mv.watch(supervision.output_voltage)
        self.output_current_ma.watch(supervision.output_current)
        self.temperature_mdeg.watch(supervision.temperature)
        gate.enabled.watch(self._gate_changed, first=True)
        times = options["unstopped_ms"], options["quiet_ms"]
        self._stop_failure = StopFailure(self, clock, gate, set_wrong, store, log, *times)
        kernel.releases.watch(self._stop_failure.release)
        self.faults = Faults(self, clock, gate, self._limits, log, options["silent_fault_ms"])
        can.healthy.watch(self._bus_changed)

    def _add_signals(self, clock):
        from core.signals import Signal, Untimed

        self.online = self._gate.charger_online
        self.terminal_voltage_mv = Signal(None, clock)
        self.terminal_current_ma = Signal(None, clock)
        self.power_mw = Signal(None, clock)
        self.output_voltage_mv = Signal(None, clock)
        self.output_current_ma = Signal(None, clock)
        self.temperature_mdeg = Signal(None, clock)
        self.status = Signal(None, clock)
        self.flags = Signal(None, clock)
        self.error = Untimed("")

    # -- the meter

    def add_meter(self, meter):
        """Register the meter that bills this module's energy; it reports by `meter_failed` whether it works.

        Called of it are ``terminal(mv, ma)`` for each measurement of the terminals while its frame is handled,
        ``terminal_lost()`` when they become unknown, before the gate closes, and ``check()`` every 100 ms. Raises
        ValueError for a second one.
        """
        if self._meter is not None:
            raise ValueError("two meters for one power module")
        self._meter = meter

    def meter_failed(self, failed):
        """The meter cannot be billed from: nothing is charged, the error is PowerMeterFailure; or it can be, again."""
        self._limits.set_wrong(limits.METER | limits.METER_UNCONFIRMED, limits.METER if failed else 0)

    # -- for the protocol: received

    def terminal(self, mv, ma):
        """Voltage and current of the terminals, measured. Returns False for an impossible value. Allocates nothing."""
        if mv < 0 or ma < 0:
            return False
        wrong = self._supervision.terminal(mv, ma)  # too large to be true is still no proof of being inside the limits
        if mv > _MOST or ma > _MOST:
            return False
        if wrong:
            self._note_limits(mv, ma)
        if self._meter is not None:
            self._meter.terminal(mv, ma)
        self.terminal_voltage_mv.set(mv)
        self.terminal_current_ma.set(ma)
        self._stop_failure.measured(ma)
        self.power_mw.set(product(mv, ma))
        return True

    def set_flags(self, flags):
        """The flags that the module reports: see ``flags``. A fault closes the gate within this call."""
        self._limits.set_wrong(limits.ALL_FLAGS, flags << 8 & limits.ALL_FLAGS)
        self.flags.set(flags)

    def set_available(self, mv, ma, min_mv=0):
        """What the module can deliver now; NO_LIMIT: it does not report it. A lower setpoint is sent in this call."""
        self.available_mv, self.available_ma, self.available_min_mv = mv, ma, min_mv
        self._setpoint.changed(None)

    def refuse(self, what=None, value=0, limit=0):
        """For a handler of a frame that is too short or holds an impossible value: counts it and returns False.

        `what`, and its value and limit: to be shown, see ``refuse`` of components/can.
        """
        self.refused += 1
        return False if what is None else self.can.refuse(what, value, limit)

    def _note_limits(self, mv, ma):
        """Note, to be shown, which of the board's limits the terminals are beyond."""
        if ma > self.max_current_ma:
            self.can.note("max_current_ma", ma, self.max_current_ma)
        elif mv > self.max_voltage_mv:
            self.can.note("max_voltage_mv", mv, self.max_voltage_mv)
        elif self._gate.plugged.value:  # without a vehicle low is what it should be
            self.can.note("min_voltage_mv", mv, self.min_voltage_mv)

    # -- of a protocol

    def switch(self, on, mv, ma):
        """Start with these limits, or stop. Returns whether the bus took it."""
        raise NotImplementedError

    def lower(self, mv, ma):
        """Send limits of which one, at least, is below ``sent_mv``, ``sent_ma``."""
        self.switch(True, mv, ma)

    def control(self, mv, ma):
        """Send the setpoint again: every `control_ms`, while the gate is open."""
        self.switch(True, mv, ma)

    def telemetry(self):
        """Request measurements: every `telemetry_ms`."""

    def is_online(self):
        """Whether it is online. Here: the terminals' measurement is younger than 3 s."""
        return self.power_mw.value is not None

    def expire(self, polled_ms):
        """Expire the protocol's own Signals that are older than `polled_ms`."""

    # -- the gate and the bus

    def _gate_changed(self, enabled):
        """It opened or closed: switch the power module within this call; a stop that was lost before a start."""
        self.can.arm(enabled)  # before a start: behind a stop of the guard it does not go out
        setpoint = self._setpoint
        if not enabled or self._stop_lost:
            self.stop_now()
        if enabled:
            setpoint.update()
            self.switch(True, setpoint.voltage_mv.value, setpoint.current_ma.value)

    def _bus_changed(self, healthy):
        """What the power module did without a bus is unknown: the first frame that is sent is a stop."""
        if healthy and not self._gate.enabled.value:
            self.stop_now()

    def stop_now(self):
        """Send the stop."""
        self._stop_lost = not self.switch(False, 0, 0)

    # -- life

    async def start(self):
        """Restore what was not released. Raises StoreError."""
        if self._meter is None:
            self._log.error("the board has no meter: nothing is charged")
            self.meter_failed(True)
        self._stop_failure.load()

    def tick(self, passed):
        """Expire stale values, and send."""
        self._check()
        self._control_in_ms -= TICK_MS * passed
        if self._control_in_ms <= 0:
            self._control_in_ms = max(TICK_MS, self._control_in_ms + self.control_ms)
            self._setpoint.send_again()
        if self.telemetry_ms:
            self._telemetry_in_ms -= TICK_MS * passed
            if self._telemetry_in_ms <= 0:
                self._telemetry_in_ms = max(TICK_MS, self._telemetry_in_ms + self.telemetry_ms)
                self.telemetry()

    def halt(self):
        self._control_in_ms = self._telemetry_in_ms = TICK_MS
        self.online.set(False)
        self._limits.set_wrong(limits.TERMINAL, limits.TERMINAL_UNKNOWN)

    def _check(self):
        if self._meter is not None:
            self._meter.check()
        self._expire()
        self._set_online(self.is_online())
        self.faults.check(self.online.value)
        self._stop_failure.check()
        if self._limits.check() and self.error.value:  # one that recurs is logged once a minute, with its count
            self._log.rare("fault: " + self.error.value)
        self._gate.check()
        self._setpoint.check()

    def _expire(self):
        if self.power_mw.expire(_SILENT_MS):
            if self._meter is not None:
                self._meter.terminal_lost()
            self.terminal_voltage_mv.set(None)
            self.terminal_current_ma.set(None)
        if self.power_mw.value is None:
            self._limits.set_wrong(limits.TERMINAL, limits.TERMINAL_UNKNOWN)
        self.flags.expire(_SILENT_MS)
        self.status.expire(_SILENT_MS)
        self.output_voltage_mv.expire(_POLLED_SILENT_MS)
        self.output_current_ma.expire(_POLLED_SILENT_MS)
        self.temperature_mdeg.expire(_POLLED_SILENT_MS)
        self.expire(_POLLED_SILENT_MS)

    def _set_online(self, online):
        if self.online.value and not online:
            self._log.warning("charger is silent")
        self.online.set(online)
