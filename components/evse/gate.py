"""The gate: the one place where charging is enabled."""

from micropython import const

from components.evse.pause import Pause, Settling
from core.signals import Untimed

_ALIVE_MS = const(1000)

# Name of each condition, its text where it holds and where it does not. All constant: a frozen table takes no RAM.
_TEXTS = const(
    (
        ("transaction", "a transaction runs", "no transaction runs"),
        ("limit_ma", "the central system permits current", "the central system permits no current"),
        ("bms_permits", "the vehicle's BMS permits charging", "the vehicle's BMS does not permit charging"),
        ("plugged", "a vehicle is plugged in", "no vehicle is plugged in"),
        ("charger_online", "the power module responds", "the power module is silent"),
        ("in_limits", "all measurements are within their limits", "a measurement is missing or outside its limits"),
        ("emergency_stop", "no emergency stop", "the emergency stop is pressed: s releases it"),
        ("stop_cleared", "no stop key", "a key is pressed that may become the emergency stop"),
        ("alive", "all critical components run", "a critical component does not run: see components"),
        ("stopping", "", "the firmware ends"),
        ("alive_steady", "critical components have run for 1 s", "critical components have not yet run for 1 s"),
        ("bms_settled", "no pause after a stop of the BMS", "the BMS has just stopped, or did so too often"),
        ("bus", "the CAN bus is up", "the CAN bus is down"),
        ("bus_2", "the second CAN bus is up", "the second CAN bus is down"),
        ("journal", "the journal is whole", "the journal was damaged, or is not open: s releases what is in doubt"),
        ("locked", "the connector is locked", "the connector is not locked"),
    )
)


def _holds(value, at):
    return value is at if at is not None else value is not None and value > 0


class Gate:
    """Charging is enabled exactly while every condition holds; nothing else enables the charger.

    The conditions are Signals that others set: transaction, bms_permits, plugged, charger_online, in_limits (bool); the
    kernel's ``emergency_stop`` (bool, must be False) and ``stop_cleared``, which hold for every gate of the process;
    ``alive`` of this outlet's scope; the ``healthy`` of every CAN bus (there must be one); what other components
    `require`; and ``limit_ma``, above 0: the smallest of what `limit` was given. An unknown value (None) blocks
    charging.

    Two conditions come back later than what they depend on, in a call of `check`: ``alive_steady`` after ``alive`` has
    held for 1 s, so that a component that keeps failing does not open the gate between two failures; ``bms_settled``
    2 s after the last stop of the BMS (from ``bms_permits`` True to False), or, if the vehicle stopped five times
    within 60 s of a transaction, not before it is unplugged: that is ``flapping``, a fault (EVCommunicationError).

    Output: ``enabled`` (Signal, bool). It follows every change of a condition within the same call, and so do its
    watchers: from the frame that takes a condition away to the stop frame there is no task between.

    Options: bms_stop_ms, the pause after a stop of the BMS; bms_stops within bms_stops_ms are flapping (0: never).
    """

    requires = ("clock", "log", "kernel", "scope")
    options = {
        "bms_stop_ms": (int, 2000, 0, 60000),
        "bms_stops": (int, 5, 0, 20),
        "bms_stops_ms": (int, 60000, 1000, 600000),
    }

    def __init__(self, clock, log, kernel, scope, bms_stop_ms, bms_stops, bms_stops_ms):
        self._log = log
        self._kernel = kernel
        self.transaction = Untimed(False)
        self.limit_ma = Untimed(0)
        self._limits = ["transaction", 0]  # type: list  # source, mA (None: it limits nothing), and the next: one object
        self.bms_permits = Untimed(False)
        self.plugged = Untimed(False)
        self.charger_online = Untimed(False)
        self.in_limits = Untimed(False)
        self.emergency_stop = kernel.emergency_stop
        self.enabled = Untimed(False)
        kernel.urgent.wait_while(self.enabled)
        self._buses = 0
        self._watcher = self._recompute  # one object for all: each look-up of a bound method makes another
        self._conditions = ()  # name, Signal, value at which it holds (None: any above 0), and the next: one object
        self._add("transaction", self.transaction, True)
        self._add("limit_ma", self.limit_ma, None)
        self._add("bms_permits", self.bms_permits, True)
        self._add("plugged", self.plugged, True)
        self._add("charger_online", self.charger_online, True)
        self._add("in_limits", self.in_limits, True)
        self._add("emergency_stop", self.emergency_stop, False)
        self._add("stop_cleared", kernel.stop_cleared, True)
        self._add("alive", scope.alive, True)
        # After the conditions that they follow, so that they are notified of a change first: the pause has
        # begun when the gate looks.
        self._alive_steady = Pause(scope.alive, _ALIVE_MS, clock)
        self._bms_settled = Settling(
            self.bms_permits, self.plugged, self.transaction, bms_stop_ms, bms_stops, bms_stops_ms, clock
        )
        self._add("alive_steady", self._alive_steady, True)
        self._add("bms_settled", self._bms_settled, True)

    @property
    def flapping(self):
        """Whether the vehicle's BMS stopped too often; until it is unplugged."""
        return self._bms_settled.flapping

    def check(self):
        """To be called every 100 ms: ends pauses."""
        self._alive_steady.check()
        self._bms_settled.check()

    def add_bus(self, healthy):
        """A CAN bus registers its Signal `healthy`; all registered ones must be True."""
        self._buses += 1
        self._add("bus_%d" % self._buses if self._buses > 1 else "bus", healthy, True)

    def require(self, name, signal):
        """A component registers a further condition: its Signal (bool) must be True."""
        self._add(name, signal, True)

    def limit(self, source, ma):
        """`source` (str, as it is shown) permits no more than `ma` mA; None: it limits nothing.

        "transaction" is 0 until a transaction runs. Nothing is allocated for a source that is known.
        """
        limits = self._limits
        for i in range(0, len(limits), 2):
            if limits[i] == source:
                limits[i + 1] = ma
                break
        else:
            limits += (source, ma)
        self.limit_ma.set(self._least(""))

    def limit_by(self, source):
        """What `source` permits, in mA; None: it limits nothing."""
        limits = self._limits
        for i in range(0, len(limits), 2):
            if limits[i] == source:
                return limits[i + 1]
        return None

    def _least(self, but):
        """The smallest of the limits in mA, without that of the source `but`; None if there is none."""
        limits = self._limits
        least = None
        for i in range(0, len(limits), 2):
            ma = limits[i + 1]
            if ma is not None and limits[i] != but and (least is None or ma < least):
                least = ma
        return least

    def permits(self, but):
        """What could flow in mA if the source `but` limited nothing: 0 while another condition blocks charging."""
        conditions = self._conditions
        for i in range(0, len(conditions), 3):
            if conditions[i] != "limit_ma" and not _holds(conditions[i + 1].value, conditions[i + 2]):
                return 0
        return (self._least(but) or 0) if self._buses else 0

    def _add(self, name, signal, at):
        self._conditions += (name, signal, at)
        signal.watch(self._watcher, first=True)

    def _allowed(self):
        """The one expression. It allocates nothing: closing the gate must work when the memory is full."""
        conditions = self._conditions
        for i in range(1, len(conditions), 3):
            if not _holds(conditions[i].value, conditions[i + 1]):
                return False
        return self._buses > 0

    def _recompute(self, _):
        allowed = self._allowed()
        if allowed is not self.enabled.value:
            self.enabled.set(allowed)  # the charger's stop frame goes out in here; the log can wait
            try:
                self._log_change(allowed)
            except MemoryError:
                pass  # the caller that closed the gate continues

    def _log_change(self, allowed):
        if allowed:
            self._log.info("charging enabled")
        else:
            self._log.info("charging disabled: %s", ", ".join(self.blocking_texts()))

    def watch(self, function):
        """Once all is built: have ``function(_)`` called within each change of a condition, after what it stops."""
        conditions = self._conditions
        for i in range(1, len(conditions), 3):
            conditions[i].watch(function)

    def held(self):
        """Which conditions hold, as bits in the order of `conditions`. Allocates nothing."""
        conditions = self._conditions
        found = 0
        for i in range(1, len(conditions), 3):
            if _holds(conditions[i].value, conditions[i + 1]):
                found |= 1 << i // 3
        return found

    def conditions(self):
        """``[(name, value, whether it holds)]``, to be shown."""
        found = []
        all_of_them = iter(self._conditions)
        for name in all_of_them:
            value = next(all_of_them).value
            found.append((name, value, _holds(value, next(all_of_them))))
        return found if self._buses else found + [("bus", None, False)]

    def blocking(self):
        """The names of the conditions that block charging now.

        A limit of 0 of others than the transaction's is one only if nothing else blocks charging: the budget grants
        nothing to an outlet that cannot use it.
        """
        found = [name for name, _, holds in self.conditions() if not holds]
        if len(found) > 1 and "limit_ma" in found and self.limit_by("transaction"):
            found.remove("limit_ma")
        return found

    def blocking_texts(self):
        """What blocks charging now, as texts."""
        return [text for _, text, _, holds in self.condition_texts() if not holds]

    def condition_texts(self):
        """Generator of (name, text, value, whether it holds) of each condition.

        Without a transaction no limit is set, so there is none to show.
        """
        for name, value, holds in self.conditions():
            if name == "alive" and self._kernel.stopping:
                name = "stopping"
            if name != "limit_ma":
                yield name, _text(name, holds), value, holds
            elif self.transaction.value:
                for limit in self._limit_texts():
                    yield limit

    def _limit_texts(self):
        """The text of each limit; what the central system permits is that of the transaction."""
        sources = iter(self._limits)
        for source in sources:
            ma = next(sources)
            holds = _holds(ma, None)
            if source == "transaction":
                yield "limit_ma", _text("limit_ma", holds), ma, holds
            elif holds or (ma is not None and "limit_ma" in self.blocking()):
                permitted = "%d.%d A" % (ma // 1000, ma // 100 % 10) if holds else "no current"
                yield source, "the %s permits %s" % (source, permitted), ma, holds


def _text(name, holds):
    for known, yes, no in _TEXTS:
        if known == name:
            return yes if holds else no
    return name if holds else "not " + name
