"""StatusNotification for connectors 0 and 1 (OCPP 1.6, section 4.9)."""

from collections import deque
from micropython import const

from core.text import printable

from .rpc import CLOSED, TIMEOUT, Call

_KEPT_MAX = const(8)  # changes kept while the central system is slow
_INFO_MAX = const(50)  # characters


class StatusReporter:
    """Tells the central system each state that lasted MinimumStatusDuration.

    While there is no connection only the latest state counts; it is reported after reconnecting if it differs
    from the last one that was. `pending()`: only what the central system asks for may be sent.
    """

    def __init__(self, services, connector, online, pending):
        self._clock = services.clock
        self._log = services.log
        self._stamps = services.stamps
        self._configuration = services.configuration
        self._connector = connector
        self._online = online
        self._pending = pending
        self._changes = deque((), _KEPT_MAX)
        self._noted = [None, None]  # of each connector: the last state that was put into _changes
        self._reported = [None, None]  # ... that the central system knows; None: not known
        self._asked = 0  # bit n: the central system asks for the state of connector n
        self._candidate = None
        self._since_ms = 0
        self.skipped = 0  # states that changed again before they could be told

    def step(self):
        """Note changes; to be called after the connector's own step."""
        if not self._online():
            self._forget()
            return
        self._note(0, self._state(0))
        now = self._clock.uptime_ms()
        state = self._state(1)
        if state != self._candidate:
            self._candidate = state
            self._since_ms = now
        if self._noted[1] is None or now - self._since_ms >= self._configuration["MinimumStatusDuration"] * 1000:
            self._note(1, state)

    def tell_again(self, connector):
        """Have the state of a connector told though it may be the one that was told last."""
        self._noted[connector] = None

    def _state(self, connector):
        if connector == 0:
            conflict = self._connector.list_conflict
            return self._connector.charge_point(), "LocalListConflict" if conflict else "NoError", conflict
        return self._connector.state.value, self._connector.error, self._connector.info

    def ask(self, connector):
        """Have the state of a connector told, new or not; None: of both. Returns False for one that is not there.

        It is told as it is when its turn comes, so what is told last is true.
        """
        if connector not in (None, 0, 1):
            return False
        self._asked |= 3 if connector is None else 1 << connector
        return True

    def _forget(self):
        """Offline: what was not told is told from the state after reconnecting."""
        while self._changes:
            self._changes.popleft()
        self._noted[:] = self._reported

    def _note(self, connector, state):
        if state == self._noted[connector]:
            return
        self._noted[connector] = state
        if len(self._changes) == _KEPT_MAX:
            self.skipped += 1
        self._changes.append((connector, state, self._stamps.now()))

    def waiting(self):
        """Is there a state that was not sent yet?"""
        return bool(self._changes)

    def next_call(self):
        online = self._online()
        if online and self._changes:
            return self._call(self._changes.popleft())
        if self._asked and (online or self._pending()):
            connector = 0 if self._asked & 1 else 1
            self._asked &= ~(1 << connector)
            state = self._state(connector)
            if online:
                self._noted[connector] = state  # also if it has not lasted yet: that it changes again is news, then
            return self._call((connector, state, self._stamps.now()))
        return None

    def _call(self, change):
        connector, state, stamp = change
        status, error, info = state
        payload = {
            "connectorId": connector,
            "status": status,
            "errorCode": error,
            "timestamp": self._stamps.text(stamp),
        }
        if info:
            payload["info"] = printable(info, _INFO_MAX)
        return Call("StatusNotification", payload, lambda answer, error: self._on_answer(change, error))

    def _on_answer(self, change, error):
        connector, state, _ = change
        if error == CLOSED:
            self._reported[connector] = None  # whether it was heard is not known: any state is told after reconnecting
            self._forget()  # here, for step() may not see so short an absence
            return
        if error == TIMEOUT:
            self._log.rare("a StatusNotification was not answered: %s", state[0])
        if self._online():  # while Pending nothing counts as told: all is told once we are accepted
            self._reported[connector] = state
