"""The power module's side of the bus: measurements, the bill, limits, and the switch."""

from micropython import const

from components.charger import limits
from components.charger.energy import Energy
from components.charger.faults import Faults
from components.charger.limits import Limits
from components.charger.meter import TerminalMeter
from components.charger.plausible import Plausibility
from components.charger.replies import Replies
from components.charger.requests import Requests
from components.charger.setpoint import Setpoint
from components.charger.supervision import Supervision
from components.charger.unstopped import Unstopped
from core.signals import Signal
from core.tasks import Pace

_TERMINAL_POWER = const(0x00433F01)
_TERMINAL_STATUS = const(0x00473F01)
_HEARTBEAT = const(0x18FF50E5)
_CONTROL_REPLY = const(0x0681817E)
_TELEMETRY_REPLY = const(0x0681827E)

_CHECK_MS = const(100)
# every so many checks: 300 ms, 200 ms
_CONTROL = const(3)
_TELEMETRY = const(2)
_SILENT_MS = const(3000)
_ASKED_SILENT_MS = const(5000)  # five telemetry functions take turns, one a second
_MOST = const(1000000)  # 1000 V, 1000 A


class Charger:
    """The power module. None is "not known"; measurements are stale after 3 s (answers to requests: 5 s).

    Signals: ``online`` (bool: at least two of terminal power, terminal status, heartbeat younger than 3 s),
    ``terminal_voltage_mv``, ``terminal_current_ma``, ``power_mw`` (terminal power: the billing measurement),
    ``energy_mwh`` (lifetime register), ``flowing`` (bool, see `TerminalMeter`), ``output_voltage_mv``,
    ``output_current_ma``, ``temperature_mdeg``, ``status`` ("charging", "not charging"), ``flags`` (b4 of the
    heartbeat), ``error`` (OCPP 1.6 ChargePointErrorCode, "" if there is none), ``wanted_voltage_mv``,
    ``wanted_current_ma`` (smallest of the vehicle's request, the board's limit and the central system's).
    Counters: ``refused``, frames that were too short or held what cannot be; those of ``meter`` and ``plausibility``.
    ``register_changes``, ``register_saved``: for a commit of the caller (`Energy.changes`, `Energy.saved`);
    ``keep_register_by``: `Energy.keep_by`, to be called in a ``start``.

    Safety: a measurement outside the limits, or a fault flag, takes ``gate.in_limits`` away while its frame is handled;
    one that is right again gives it back, silence does not. When the gate closes, the stop frame is sent within the
    same call, repeated at least every 900 ms, and sent at once when the bus comes back. While it is open the guard of
    the bus is armed: its interrupt sends the stop frame when the vehicle stops, also while the loop is blocked.

    Options: limits of the board; current_scale, terminal current is in 1/current_scale A on the wire; heartbeat, is
    0x18FF50E5 the charger's (False: the board's own, as Feedback); recovery_ms, how long all must be inside the limits;
    over_current_ma, over_current_ms, over_voltage_mv, see Supervision; unstopped_ms, quiet_ms, see Unstopped;
    silent_fault_ms, see Faults; power_period_ms, starting_current_ma, see Plausibility and TerminalMeter;
    register_pause_ms, see Energy.
    """

    requires = ("can", "bms", "gate", "store", "kernel", "clock", "log", "pulse")
    keeps = ("register", "charger/unstopped")
    options = {
        "min_voltage_mv": (int, 56000, 0, _MOST),
        "max_voltage_mv": (int, 85500, 1, _MOST),
        "max_current_ma": (int, 300000, 1, _MOST),
        "max_temperature_mdeg": (int, 70000, 1, 200000),
        "current_scale": (int, 10, (1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100)),  # what divides 1000
        "heartbeat": (bool, True),
        "recovery_ms": (int, 1000, 0, 60000),
        "over_current_ma": (int, 5000, 100, _MOST),
        "over_current_ms": (int, 1000, 100, 60000),
        "over_voltage_mv": (int, 1000, 100, 100000),
        "silent_fault_ms": (int, 10000, 0, 3600000),
        "unstopped_ms": (int, 3000, 500, 60000),
        "quiet_ms": (int, 5000, 1000, 3600000),
        "power_period_ms": (int, 200, 20, 1000),
        "starting_current_ma": (int, 500, 1, 10000),
        "register_pause_ms": (int, 10000, 100, 60000),
    }

    def __init__(self, can, bms, gate, store, kernel, clock, log, pulse, **options):
        self._can = can
        self._bms = bms
        self._gate = gate
        self._clock = clock
        self._log = log
        self._pulse = pulse
        tolerance = self._take_options(**options)
        self._add_signals(clock)
        self.refused = 0
        self._energy = Energy(clock, store, self.energy_mwh, self._register_pause_ms)
        self.register_changes, self.register_saved = self._energy.changes, self._energy.saved
        self.keep_register_by = self._energy.keep_by
        self._limits = Limits(clock, gate, self.error, self._recovery_ms)
        self.error.watch(self._tell_error)
        self._requests = Requests(can, bms)
        self._add_setpoint(tolerance)
        gate.enabled.watch(self._switch)
        self._add_meter()
        ma, flows_ma, judge = self.terminal_current_ma, self.starting_current_ma, self._limits.judge
        self._unstopped = Unstopped(clock, gate, judge, store, log, ma, flows_ma, *self._unstopped_ms)
        kernel.releases.watch(self._unstopped.release)
        self.faults = Faults(clock, gate, self._limits, log, self._setpoint, self.status, ma, flows_ma, self._silent_ms)
        self.replies.refused = self.faults.refused
        self._listen(can)
        can.healthy.watch(self._bus_changed)

    def _add_setpoint(self, tolerance):
        clock, gate = self._clock, self._gate
        limits_mv_ma = self.max_voltage_mv, self.max_current_ma
        self._setpoint = setpoint = Setpoint(clock, self._bms, gate, self._requests, *limits_mv_ma)
        self.wanted_voltage_mv, self.wanted_current_ma = setpoint.voltage_mv, setpoint.current_ma
        board = (self.min_voltage_mv,) + limits_mv_ma + (self.max_temperature_mdeg,)
        self._supervision = supervision = Supervision(clock, gate, setpoint, self._limits.judge, board, tolerance)
        self.output_voltage_mv.watch(supervision.output_voltage)
        self.output_current_ma.watch(supervision.output_current)
        self.temperature_mdeg.watch(supervision.temperature)

    def _take_options(
        self,
        min_voltage_mv=56000,
        max_voltage_mv=85500,
        max_current_ma=300000,
        max_temperature_mdeg=70000,
        current_scale=10,
        heartbeat=True,
        recovery_ms=1000,
        over_current_ma=5000,
        over_current_ms=1000,
        over_voltage_mv=1000,
        silent_fault_ms=10000,
        unstopped_ms=3000,
        quiet_ms=5000,
        power_period_ms=200,
        starting_current_ma=500,
        register_pause_ms=10000,
    ):
        if min_voltage_mv >= max_voltage_mv:
            raise ValueError("min_voltage_mv %d is not below max_voltage_mv %d" % (min_voltage_mv, max_voltage_mv))
        self.min_voltage_mv = min_voltage_mv
        self.max_voltage_mv = max_voltage_mv
        self.max_current_ma = max_current_ma
        self.max_temperature_mdeg = max_temperature_mdeg
        self.current_scale = current_scale
        self.starting_current_ma = starting_current_ma
        self._power_period_ms = power_period_ms
        self._hears_heartbeat = heartbeat
        self._recovery_ms = recovery_ms
        self._silent_ms = silent_fault_ms
        self._unstopped_ms = unstopped_ms, quiet_ms
        self._register_pause_ms = register_pause_ms
        return over_current_ma, over_voltage_mv, over_current_ms

    def _add_signals(self, clock):
        self.online = Signal(False, clock)
        self.energy_mwh = Signal(0, clock)
        self.status = Signal(None, clock)
        self.flags = Signal(None, clock)
        self.error = Signal("", clock)
        self._status_heard = Signal(None, clock)
        self.replies = Replies(clock)
        self.output_voltage_mv = self.replies.output_voltage_mv
        self.output_current_ma = self.replies.output_current_ma
        self.temperature_mdeg = self.replies.temperature_mdeg

    def _add_meter(self):
        clock, replies = self._clock, self.replies
        output = replies.output_voltage_mv, replies.output_current_ma
        self.plausibility = plausibility = Plausibility(clock, output, self._power_period_ms)
        parts = self._energy, plausibility, self._supervision, self._setpoint
        self.meter = meter = TerminalMeter(clock, self._gate, self._log, self._limits.judge, parts, self)
        self.terminal_voltage_mv, self.terminal_current_ma = meter.voltage_mv, meter.current_ma
        self.power_mw, self.flowing = meter.power_mw, meter.flowing

    def _listen(self, can):
        can.on(_TERMINAL_POWER, self._terminal_power)
        can.on(_TERMINAL_STATUS, self._terminal_status)
        can.on(_CONTROL_REPLY, self._control_reply)
        can.on(_TELEMETRY_REPLY, self._telemetry_reply)
        if self._hears_heartbeat:
            can.on(_HEARTBEAT, self._heartbeat)

    # -- received

    def _terminal_power(self, data, length):
        return self.meter.terminal_power(data, length) or self._refuse()

    def _terminal_status(self, data, length):
        """0x00473F01: b6 b7 = 03 01 not charging, 03 02 charging."""
        if length < 8:
            return self._refuse()
        status = None
        if data[6] == 3:
            if data[7] == 2:
                status = "charging"
            elif data[7] == 1:
                status = "not charging"
        self.status.set(status)
        self._status_heard.set(True)
        return True

    def _heartbeat(self, data, length):
        """0x18FF50E5: output voltage and current in 0.1 V and A, flags."""
        if length < 5:
            return self._refuse()
        flags = data[4]
        self._limits.judge(limits.ALL_FLAGS, flags << 8 & limits.ALL_FLAGS)
        self.flags.set(flags)
        self.output_voltage_mv.set((data[0] << 8 | data[1]) * 100)
        self.output_current_ma.set((data[2] << 8 | data[3]) * 100)
        return True

    def _control_reply(self, data, length):
        return self.replies.control(data, length) or self._refuse()

    def _telemetry_reply(self, data, length):
        return self.replies.telemetry(data, length) or self._refuse()

    def _refuse(self):
        self.refused += 1
        return False

    # -- sent

    def _switch(self, enabled):
        """The gate opened or closed: tell the power module within this call. Limits come before a start."""
        if enabled:
            self._setpoint.tell()
        self._can.arm(enabled)  # before a start: behind a stop of the guard it does not go out
        self._requests.switch(enabled)

    def _bus_changed(self, healthy):
        """Nobody knows what the power module did while it could not hear: the first thing that it hears is a stop."""
        if healthy and not self._gate.enabled.value:
            self._requests.switch(False)

    def _tell_error(self, error):
        if error:
            self._log.rare("fault: " + error)  # one that comes again and again is told once a minute, with its count

    # -- periodic

    async def start(self):
        """Restore the energy register. Raises StoreError."""
        self._log.info("energy register %d mWh", self._energy.load())
        self._unstopped.load()

    async def stop(self):
        """Keep what was measured. Raises StoreError."""
        self._energy.read()

    async def run(self):
        """Look for what grew stale, and send. One task: each costs 250 bytes of heap."""
        pace = Pace(self._clock, _CHECK_MS)
        control = telemetry = 0  # checks until then
        try:
            while True:
                self._pulse()
                self._expire()
                self._set_online()
                self.faults.check(self.online.value)
                self._unstopped.check()
                self._limits.check()
                self._gate.check()
                self._setpoint.check()
                self._energy.save_seldom()
                if control <= 0:
                    self._setpoint.in_turn()
                    control = max(1, control + _CONTROL)
                if telemetry <= 0:
                    self._requests.telemetry()
                    telemetry = max(1, telemetry + _TELEMETRY)
                passed = await pace.next()
                control -= passed
                telemetry -= passed
        finally:
            self._gate.charger_online.set(False)
            self._limits.judge(limits.TERMINAL, limits.TERMINAL_UNKNOWN)

    def _expire(self):
        self.meter.check(_SILENT_MS)
        if self._status_heard.expire(_SILENT_MS):
            self.status.set(None)
        self.flags.expire(_SILENT_MS)
        for signal in self.replies.all():
            signal.expire(_ASKED_SILENT_MS)

    def _set_online(self):
        power, status, flags = self.power_mw.value, self._status_heard.value, self.flags.value
        heard = (power is not None) + (status is not None) + (flags is not None)
        if heard < 2 and self.online.value:
            self._log.warning("charger is silent")
        self.online.set(heard >= 2)
        self._gate.charger_online.set(heard >= 2)

    def read_register(self):
        """The lifetime register in mWh, journaled before it is returned, and never smaller. Raises StoreError."""
        return self._energy.read()
