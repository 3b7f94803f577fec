"""What notes: one tap on each bus, one on each outlet."""

from micropython import const

from components.blackbox.ring import NO_LIMIT, notes

_SENT = const(4)
_FLAG_EXT_ID = const(2)
_ENABLED = const(1 << 29)
# Conditions that are decisions of somebody, or follow from one: none is a fault.
_DECIDED = const((
    "transaction", "limit_ma", "bms_permits", "plugged", "emergency_stop", "stop_cleared", "alive_steady",
    "bms_settled",
))  # fmt: skip
_NO_FAULTS = const(("", "EVCommunicationError"))


class _Tap:
    """Notes frames, and has them handled."""

    came = notes.came

    def __init__(self, box, handle, what):
        self._box = box
        self.given = box.state, box.ring, box.ticks_ms, handle, what, len

    def whole(self, frame, what, now):
        """See `notes.came`."""
        if self._box.state[notes.END] and what >> 8 <= 8:
            self._box.room(now, notes.LONGEST)
            notes.whole(self.given, frame, what, now)


class BusTap(_Tap):
    """Notes each frame of a bus; see `Can.tap`."""

    def __init__(self, box, number, can):
        handle = can.tap(self.came, SentTap(box, _nothing, number << 3 | _SENT).sent)
        super().__init__(box, handle, number << 3)


class SentTap(_Tap):
    """The same of what is sent."""

    def __init__(self, box, handle, what):
        super().__init__(box, handle, what)
        self._state = box.state
        self._frame = [0, b"", 0, 0]  # type: list

    def sent(self, identifier, data, extended):
        frame = self._frame
        frame[0] = identifier
        frame[1] = data
        frame[2] = _FLAG_EXT_ID if extended else 0
        came = self._state[notes.CAME]  # what is handled is what came
        self.came(frame)
        self._state[notes.CAME] = came


def _nothing(frame):
    pass


class OutletTap:
    """Notes the conditions of an outlet's gate, and looks for faults. Nothing here allocates while it is charged."""

    bits = 0
    limit = NO_LIMIT
    _wrong = 0  # the conditions that are no decisions

    def __init__(self, box, index, evse, outlet):
        self._box = box
        self._index = index
        self.evse = evse
        self._gate = evse.gate
        self._connector = None if outlet is None else outlet.connector

    def begin(self):
        """All is built."""
        for i, (name, _, _) in enumerate(self._gate.conditions()):
            if name not in _DECIDED:
                self._wrong |= 1 << i
        self._gate.watch(self._changed)
        self.evse.module.error.watch(self._failed)
        if self._connector is not None:
            self._connector.state.watch(self._derived)
        self._changed(None)

    def _changed(self, _):
        gate = self._gate
        limit = gate.limit_ma.value
        limit = NO_LIMIT if limit is None else limit
        held = gate.held()
        bits = held | _ENABLED if gate.enabled.value else held
        if bits == self.bits and limit == self.limit:
            return
        closed = self.bits & _ENABLED and not bits & _ENABLED
        self.bits = bits
        self.limit = limit
        self._box.conditions(self._index, bits, limit)
        if closed:
            self._closed(held)

    def _closed(self, held):
        """The gate has closed, and what it stops is stopped."""
        if self._box.kernel.stopping:
            return
        if self._box.is_late():
            self._box.fault(self._index, "late stop")
        elif self._wrong & ~held and self._gate.transaction.value:
            self._box.fault(self._index, "gate closed")

    def _failed(self, error):
        if error == "PowerSwitchFailure" or (error not in _NO_FAULTS and self._gate.transaction.value):
            self._box.fault(self._index, error)
        self._box.failed(self._index, error)

    def _derived(self, state):
        if state == "Faulted" and self._gate.transaction.value and not self._box.kernel.stopping:
            self._box.fault(self._index, state)
