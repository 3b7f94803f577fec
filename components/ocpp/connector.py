"""The state of connector 1 (OCPP 1.6, section 4.9, the table of status transitions), derived from facts."""

from core.signals import Signal

_ERRORS = (
    "|ConnectorLockFailure|EVCommunicationError|GroundFailure|HighTemperature|InternalError|LocalListConflict|"
    "NoError|OtherError|OverCurrentFailure|OverVoltage|PowerMeterFailure|PowerSwitchFailure|ReaderFailure|ResetFailure|"
    "UnderVoltage|WeakSignal|"
)
NO_ERROR = "NoError"
_VEHICLE_SIDE = ("bms_permits", "plugged", "transaction", "locked")  # conditions of the gate: not ours alone to fulfil


class Connector:
    """Connector 1: ``state`` (Signal: ChargePointStatus), ``error`` (ChargePointErrorCode), ``info`` (words to it).

    ``list_conflict``: words to the LocalListConflict of connector 0, "" if there is none (section 3.5.2).

    Nothing here is remembered except whether a transaction ended since the vehicle was plugged in: the state
    follows from the facts, so it is right after a restart, too.
    """

    def __init__(self, services, availability, transactions):
        self.state = Signal("Available", services.clock)
        self.error = NO_ERROR
        self.info = ""
        self.list_conflict = ""
        self._availability = availability
        self._transactions = transactions
        self._gate = services.gate
        self._bms = services.bms
        self._charger = services.charger
        self._plug = services.plug

    def step(self):
        """Derive the state anew."""
        self.error, self.info = self._fault()
        self.state.set(self._derive())

    def charge_point(self):
        """The state of connector 0. A scheduled Inoperative comes true with the end of the transaction (5.2)."""
        operative = self._availability.operative(0) or self._transactions.current is not None
        return "Available" if operative else "Unavailable"

    def _fault(self):
        if self._gate.emergency_stop.value:
            return "OtherError", "emergency stop"
        failure = self._transactions.lock.failure()
        if failure:
            return "ConnectorLockFailure", failure
        name = self._charger.error.value
        if not name or name == NO_ERROR:
            return NO_ERROR, ""
        if "|" in name or "|" + name + "|" not in _ERRORS:
            return "OtherError", name[:50]
        return name, ""

    def _derive(self):
        if self.error != NO_ERROR:
            return "Faulted"
        if self._transactions.current is not None:
            return self._energy()
        if not self._availability.operative(1):
            return "Unavailable"
        if self._transactions.expects_plug():
            return "Preparing"
        if self._transactions.reservation.active():
            return "Reserved"
        if self._plug.plugged.value:
            return "Finishing" if self._transactions.finished else "Preparing"
        return "Finishing" if self._transactions.lock.holds() else "Available"

    def _energy(self):
        """The state while a transaction runs. Where both sides suspend, SuspendedEVSE has precedence."""
        if self._gate.enabled.value:
            return "SuspendedEV" if self._bms.max_current_ma.value == 0 else "Charging"
        if self._gate.limit_ma.value and self._evse_ready():
            return "SuspendedEV"
        return "SuspendedEVSE"

    def _evse_ready(self):
        """Is it the vehicle alone that forbids?"""
        forbidden = self._gate.forbidding()
        return bool(forbidden) and all(name in _VEHICLE_SIDE for name in forbidden)
