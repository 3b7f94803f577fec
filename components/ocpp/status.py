"""StatusNotification for connectors 0 and 1 (OCPP 1.6, section 4.9)."""

from micropython import const

from core.text import printable

from .rpc import CLOSED, TIMEOUT, Call

_KEPT_MAX = const(8)  # changes kept while the central system is slow
_INFO_MAX = const(50)  # characters


class StatusReporter:
    """Tells the central system each state, in their order, that lasted MinimumStatusDuration.

    A state is noted when the connector's ``notification`` says so (see `Connector`), with the number that the next
    transaction message would have: what came before what is known. While there is no connection only the latest state
    counts; it is noted at the moment of the reconnection if it differs from the last one that was told (section 4.9).
    """

    def __init__(self, services, connector, online, boot, link):
        self._clock = services.clock
        self._log = services.log
        self._stamps = services.stamps
        self._configuration = services.configuration
        self._connector = connector
        self._online = online
        self._pending = boot.pending  # function: may only be sent what the central system asks for?
        self._changes = []  # (connector, state, stamp, number); stamp None: of the moment when it is sent
        self._noted = [None, None]  # of each connector: the last state that was put into _changes
        self._reported = [None, None]  # ... that the central system knows; None: not known
        self._asked = 0  # bit n: the central system asks for the state of connector n
        self._since_ms = 0
        self.skipped = 0  # states that changed again before they could be told
        connector.notification.watch(self._changed)
        boot.accepted.watch(self._arrived)
        link.open.watch(self._arrived)

    def step(self):
        """Note what has lasted; to be called after the connector's own step."""
        if not self._online():
            self._forget()
            return
        self._note(0, self._connector.charge_point())
        self._settle()

    def _arrived(self, _):
        """The connection opened, or was accepted: note what is so now, before anything that it brings changes that."""
        if self._online():
            try:
                self._connector.step()
                self.step()
            except MemoryError:
                pass  # the connection matters more; the next step sees to it

    def _changed(self, _):
        self._since_ms = self._clock.uptime_ms()
        if self._online():
            self._note(0, self._connector.charge_point())
            self._settle()

    def _settle(self):
        """Note the state of connector 1 if it has lasted long enough, or if none was noted yet."""
        state = self._connector.notification.value
        lasted_ms = self._clock.uptime_ms() - self._since_ms
        if state is None or lasted_ms < self._configuration["MinimumStatusDuration"] * 1000 and self._noted[1]:
            return
        self._note(1, state)

    def tell_again(self, connector):
        """Have the state of a connector told though it may be the one that was told last."""
        self._noted[connector] = None

    def _state(self, connector):
        """What a connector's state is, certain or not."""
        it = self._connector
        return it.charge_point() if connector == 0 else it.notification.value or (it.state.value, it.error, it.info)

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
        self._changes.clear()
        self._noted[:] = self._reported

    def _note(self, connector, state):
        if state == self._noted[connector]:
            return
        if len(self._changes) == _KEPT_MAX:
            self.skipped += 1
            self._changes.pop(0)
        stamp = None if self._clock.utc_ms() is None else self._stamps.now()  # the time comes with the acceptance
        self._changes.append((connector, state, stamp, self._stamps.order()))
        self._noted[connector] = state

    def waiting(self):
        """Is there a state that was not sent yet?"""
        return bool(self._changes)

    def next_before(self, number):
        """The oldest change, if it came before the transaction message with this number."""
        if self._online() and self._changes and self._changes[0][3] < number:
            return self._call(self._changes.pop(0))
        return None

    def next_call(self):
        online = self._online()
        if online and self._changes:
            return self._call(self._changes.pop(0))
        if self._asked and (online or self._pending()):
            connector = 0 if self._asked & 1 else 1
            self._asked &= ~(1 << connector)
            state = self._state(connector)
            if online:
                self._noted[connector] = state  # also if it has not lasted yet: that it changes again is news, then
            return self._call((connector, state, None, 0))
        return None

    def _call(self, change):
        connector, state, stamp, _ = change
        status, error, info = state
        payload = {
            "connectorId": connector,
            "status": status,
            "errorCode": error,
            "timestamp": self._stamps.text(self._stamps.now() if stamp is None else stamp),
        }
        if info:
            payload["info"] = printable(info, _INFO_MAX)
        return Call("StatusNotification", payload, lambda answer, error: self._on_answer(change, error))

    def _on_answer(self, change, error):
        connector, state, _, _ = change
        if error == CLOSED:
            self._reported[connector] = None  # whether it was heard is not known: any state is told after reconnecting
            self._forget()  # here, for step() may not see so short an absence
            return
        if error == TIMEOUT:
            self._log.rare("a StatusNotification was not answered: %s", state[0])
        if self._online():  # while Pending nothing counts as told: all is told once we are accepted
            self._reported[connector] = state
