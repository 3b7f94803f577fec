"""An outlet of a replay: what is decided elsewhere it takes from the record, what follows it keeps."""

from components.blackbox.reading import ENABLED
from components.blackbox.shown import changes
from core.signals import Untimed

# Conditions that are decided elsewhere, besides the buses and what the components that are not replayed have added
_GIVEN = ("transaction", "limit_ma", "emergency_stop", "stop_cleared", "alive")


class Outlet:
    """One of the replay: follows the record where that decides, and keeps what follows."""

    def __init__(self, replay, record, evse, recorded, buses):
        self.record = record
        self.names = record["conditions"]
        self.evse = evse
        self.gate = evse.gate
        self._replay = replay
        self.recorded = recorded
        self._buses = buses  # drivers, by the name of the condition
        self._own = [name for name, _, _ in self.gate.conditions()]
        self._signals = {}
        self._before = None
        self.expected = 0
        self.odd = ()  # conditions that hold here at the beginning, and did not in the record
        self._left = []  # of these, what has not changed in the record by now
        self._free = Untimed(True)
        self.gate.require("free", self._free)
        for name in self.names:
            if name not in self._own:
                self._signals[name] = Untimed(False)
                self.gate.require(name, self._signals[name])
        self.gate.watch(self._changed)
        evse.module.error.watch(self._failed)

    def settle(self):
        """The warm-up is over: what made a condition fail before the record began is not known. It fails until it holds
        in the record.
        """
        bits = self.expected
        here = self.state()
        self.odd = [name for i, name in enumerate(self.names) if (here & ~bits) >> i & 1 and self.derived(name)]
        self._left = list(self.odd)
        self._free.set(not self._left)

    def rest(self):
        """While the gate is to be open and is not: no current flows."""
        module = self.evse.module
        if self.expected & ENABLED and not self.gate.enabled.value:
            module.terminal(module.terminal_voltage_mv.value or module.max_voltage_mv, 0)

    def derived(self, name):
        """Does a condition follow from what comes over the buses?"""
        return name in self._own and name not in _GIVEN and name not in self._buses

    def apply(self, bits, limit):
        """The record says so."""
        for name in self._left[:]:
            if bits >> self.names.index(name) & 1:
                self._left.remove(name)
        self._free.set(not self._left)
        self.expected = bits
        for i, name in enumerate(self.names):
            holds = bool(bits >> i & 1)
            if not self.derived(name) and name != "limit_ma":
                self._set(name, holds)
        if self.gate.limit_by("transaction") != limit:
            self.gate.limit("transaction", limit)

    def _set(self, name, holds):
        if name == "alive":
            self.recorded.set_alive(holds)
        elif self._state(name) is holds:
            pass
        elif name in self._buses:
            self._buses[name].up(holds)
        elif name == "transaction":
            self.gate.transaction.set(holds)
        elif name == "emergency_stop":
            self.gate.emergency_stop.set(not holds)
        elif name == "stop_cleared":
            self._replay.kernel.stop_cleared.set(holds)
        else:
            self._signals[name].set(holds)

    def _state(self, name):
        for known, _, holds in self.gate.conditions():
            if known == name:
                return holds
        return None

    def runs(self, bits):
        """Do all components run, by these conditions?"""
        return "alive" in self.names and bool(bits >> self.names.index("alive") & 1)

    def decided(self, bits, odd):
        """Is one of these conditions decided elsewhere, or odd?"""
        for i, name in enumerate(self.names):
            if bits >> i & 1 and (not self.derived(name) or name in odd):
                return True
        return False

    def state(self):
        """Which of the record's conditions hold here, as bits."""
        bits = ENABLED if self.gate.enabled.value else 0
        for i, name in enumerate(self.names):
            if self._state(name):
                bits |= 1 << i
        return bits

    def words(self, before, bits, odd):
        """How what follows has changed, as words, but for the conditions that are `odd` yet."""
        found = []
        for word in changes(self.record, before, bits):
            if word[0] not in "+-" or (self.derived(word[1:]) and word[1:] not in odd):
                found.append(word)
        return ", ".join(found)

    def _changed(self, _):
        bits = self.state()
        if self._before is not None:
            self._replay.follows(self, self.words(self._before, bits, self._left))
        self._before = bits

    def _failed(self, error):
        self._replay.follows(self, "error: " + (error or "none"))
