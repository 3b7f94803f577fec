"""StatusNotification for connector 0 and each outlet (OCPP 1.6, section 4.9)."""

from micropython import const

from core.text import printable

from ..rpc import CLOSED, TIMEOUT, Call

_KEPT_MAX = const(8)  # changes kept for each outlet while the central system is slow
_INFO_MAX = const(50)  # characters
_ERRORS = const(
    "|ConnectorLockFailure|EVCommunicationError|GroundFailure|HighTemperature|InternalError|LocalListConflict|"
    "NoError|OtherError|OverCurrentFailure|OverVoltage|PowerMeterFailure|PowerSwitchFailure|ReaderFailure|ResetFailure|"
    "UnderVoltage|WeakSignal|"
)


class StatusReporter:
    """Tells the central system each state, in their order, that lasted MinimumStatusDuration.

    A state is noted when a connector's ``notification`` says so (see `Connector`), with the number that the next
    transaction message would have: what came before what is known. While there is no connection only the latest state
    counts; it is noted at the moment of the reconnection if it differs from the last one that was sent (section 4.9).
    """

    _conflicts = 0  # as `Availability` has counted them

    def __init__(self, ocpp, boot, link):
        self._ocpp = ocpp
        self._changes = []  # (connector, state, stamp, number); stamp None: of the moment when it is sent
        # Of each connector: the last state that was put into _changes
        self._noted = [None] * (len(ocpp.outlets) + 1)
        self._reported = self._noted[:]  # ... that the central system has; None: unknown
        self._asked = 0  # bit n: the central system requests the state of connector n
        self.skipped = 0  # states that changed again before they could be sent
        changed = self._changed
        for outlet in ocpp.outlets:
            outlet.connector.notification.watch(changed)
        boot.accepted.watch(self._arrived)
        link.open.watch(self._arrived)

    def step(self):
        """Note what has lasted; to be called after the connectors' own step."""
        if not self._ocpp.online():
            self._forget()
            return
        self._note_all()

    def _arrived(self, _):
        """The connection opened, or was accepted: note what is so now, before anything that it brings changes that."""
        if self._ocpp.online():
            try:
                for outlet in self._ocpp.outlets:
                    outlet.connector.step()
                self.step()
            except MemoryError:
                pass  # the connection matters more; the next step sees to it

    def _changed(self, _):
        if self._ocpp.online():
            self._note_all()

    def _note_all(self):
        """Note each state that has lasted long enough, or of which none was noted yet."""
        availability = self._ocpp.station.availability
        if availability.conflicts != self._conflicts:
            self._conflicts = availability.conflicts
            self._noted[0] = None
        self._note(0, availability.charge_point())
        since_ms = self._ocpp.clock.uptime_ms() - self._ocpp.configuration["MinimumStatusDuration"] * 1000
        for outlet in self._ocpp.outlets:
            it = outlet.connector
            state = it.notification.value
            if state is not None and (it.since_ms <= since_ms or not self._noted[outlet.id]):
                self._note(outlet.id, state)

    def _state(self, connector):
        """What a connector's state is, certain or not."""
        if connector == 0:
            return self._ocpp.station.availability.charge_point()
        it = self._ocpp.station.outlet(connector).connector
        return it.notification.value or (it.state.value, it.error, it.info)

    def ask(self, connector):
        """Have the state of a connector sent, new or not; None: of all. Returns False for one that is not there.

        It is sent as it is when its turn comes, so what is sent last is true.
        """
        count = len(self._noted)
        if connector is not None and not 0 <= connector < count:
            return False
        self._asked |= (1 << count) - 1 if connector is None else 1 << connector
        return True

    def _forget(self):
        """Offline: what was not sent is derived from the state after reconnecting."""
        self._changes.clear()
        self._noted[:] = self._reported

    def _note(self, connector, state):
        if state == self._noted[connector]:
            return
        if len(self._changes) >= _KEPT_MAX * len(self._ocpp.outlets):
            self.skipped += 1
            self._changes.pop(0)
        stamps = self._ocpp.stamps
        known = self._ocpp.clock.utc_ms() is not None  # else the time comes with the acceptance
        self._changes.append((connector, state, stamps.now() if known else None, stamps.order()))
        self._noted[connector] = state

    def waiting(self):
        """Is there a state that was not sent yet?"""
        return bool(self._changes)

    def next_before(self, number):
        """The oldest change, if it came before the transaction message with this number."""
        if self._ocpp.online() and self._changes and self._changes[0][3] < number:
            return self._call(self._changes.pop(0))
        return None

    def next_call(self):
        online = self._ocpp.online()
        if online and self._changes:
            return self._call(self._changes.pop(0))
        if self._asked and (online or self._ocpp.boot.pending()):
            connector = 0
            while not self._asked & 1 << connector:
                connector += 1
            self._asked &= ~(1 << connector)
            state = self._state(connector)
            if online:
                self._noted[connector] = state  # also if it has not lasted yet: that it changes again is news, then
            return self._call((connector, state, None, 0))
        return None

    def _call(self, change):
        connector, state, stamp, _ = change
        status, error, info = state
        if "|" in error or "|" + error + "|" not in _ERRORS:
            error, info = "OtherError", info or error
        payload = {
            "connectorId": connector,
            "status": status,
            "errorCode": error,
            "timestamp": self._ocpp.stamps.text(self._ocpp.stamps.now() if stamp is None else stamp),
        }
        if info:
            payload["info"] = printable(info, _INFO_MAX)
        return Call("StatusNotification", payload, lambda answer, error: self._on_answer(change, error))

    def _on_answer(self, change, error):
        connector, state, _, _ = change
        if error == CLOSED:
            self._reported[connector] = None  # whether it was received is unknown: any state is sent after reconnecting
            self._forget()  # here, for step() may not see so short an absence
            return
        if error == TIMEOUT:
            self._ocpp.log.rare("a StatusNotification was not answered: %s", state[0])
        if self._ocpp.online():  # while Pending nothing counts as sent: all is sent once we are accepted
            self._reported[connector] = state
