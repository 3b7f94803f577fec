"""The state of a connector (OCPP 1.6, section 4.9, the table of status transitions), derived from facts; and whether it
is in service (ChangeAvailability, section 5.2), which is kept in the journal; and what connector 0 is.
"""

from micropython import const

from core.signals import Signal

NO_ERROR = "NoError"
_WARNING = const("EVCommunicationError")  # section 4.9: not Faulted, and sent with these states only
_WARNED = const(("Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing"))
_DISCONNECTED = const("EV side disconnected")  # section 4.9: the info with SuspendedEV, or with Finishing
_VEHICLE_SIDE = const(("bms_permits", "bms_settled", "plugged", "transaction", "locked"))  # not ours alone to fulfil
_GONE = _VEHICLE_SIDE + ("in_limits",)  # with the vehicle its voltage is gone; a silent bus proves nothing of it
_EV_LASTS_MS = const(1500)  # longer than the gate's recovery, shorter than it is closed after a stop of the BMS
_EVSE_LASTS_MS = const(3500)  # longer than it takes to notice a vehicle that is gone: 3 s without BMS frames
_AVAILABLE = "ocpp/available"  # a list: of the charge point, and of each connector, whether it is Operative


class Connector:
    """An outlet's ``state`` (Signal: ChargePointStatus), ``error`` (ChargePointErrorCode, or words for what
    has none), ``info`` (words to it).

    ``notification``: Signal, what is to be sent: the three as a tuple, None until the first state is certain.
    ``since_ms``: uptime of its last change.

    Nothing here is remembered except whether a transaction ended since the vehicle was plugged in: the state
    follows from the facts, so it is right after a restart, too. Two rules decide when a state counts:

    1. States come from events. Each moment at which one may change (an idTag is accepted, a transaction has begun, it
       ends, it has ended; a reservation or a change of availability was answered) derives the state, so one that lasts
       shorter than the 250 ms between two steps is sent as well: Reserved, Preparing, Charging; Charging,
       Finishing, Available. That the gate opened is kept until the next derivation.
    2. A closed gate suspends only if it stays closed: for 1.5 s where it was open and the vehicle alone blocks
       charging, which counts what the gate waits after a stop of the BMS, and 3.5 s otherwise. Until then the
       former state counts. So the gate's recovery after a start or a restart (1 s with the measurements inside the
       limits, 2 s after the last stop of the BMS) is no suspension. What is a decision and not a measurement
       suspends at once: the gun was pulled, a current of 0 A is permitted or wanted. After a restart nothing is
       sent of a transaction until the vehicle shows itself.
    """

    def __init__(self, station, outlet):
        self.state = Signal("Available", station.clock)
        self.notification = Signal(None, station.clock)
        self.since_ms = 0
        self.error = NO_ERROR
        self.info = ""
        self._warning = False
        self._opened = False  # the gate has opened since the last derivation
        self._closed_ms = None  # uptime since which it is closed while a transaction runs
        self._station = station
        self._outlet = outlet
        self._transactions = outlet.transactions
        self._gate = gate = outlet.evse.gate
        gate.require("journal", station.store.trusted)
        gate.enabled.watch(self._switched)

    def _switched(self, enabled):
        """While a frame is handled: allocates nothing."""
        if enabled:
            self._opened = True

    def event(self):
        """At an event: derive the state at once. The cause of the event continues if that fails."""
        try:
            self.step()
        except MemoryError:
            pass  # the next step derives it

    def step(self):
        """Derive the state anew."""
        opened, self._opened = self._opened, False
        error, info = self._fault()
        current = self._transactions.current or self._transactions.closing.transaction
        self._warning = error == _WARNING
        if error != NO_ERROR and not self._warning:
            self._put("Faulted", info, error)
        elif current is None:
            status = self._idle()
            still = status == self.state.value == "Finishing" and self.error == NO_ERROR
            self._put(status, self.info if still else "")
        elif current.reason:
            self._put("Finishing", _DISCONNECTED if current.reason == "EVDisconnected" else "")
        else:
            self._running(opened)

    def _put(self, status, info="", error=NO_ERROR):
        if self._warning and status in _WARNED:
            info, error = info or "the vehicle's BMS stopped too often", _WARNING
        self.error, self.info = error, info
        self.state.set(status)
        notification = status, error, info
        if notification != self.notification.value:
            self.since_ms = self._station.clock.uptime_ms()
            self.notification.set(notification)

    def unavailable(self):
        """Why no transaction can start now: (reason, detail), see `Authorization.tell`, or ()."""
        if self._station.shutdown.requested():
            return ("restarting", "")
        current = self._transactions.current
        if current is not None and (not current.reason or self.error == NO_ERROR):  # else it ends, but for the fault
            return ("running", "")
        if self._transactions.closing.stuck:
            return ("stuck", "")
        if not self._station.availability.operative(self._outlet.id):
            return ("out_of_service", "")
        return () if self.error == NO_ERROR else ("faulted", self.info or self.error)

    def limit(self):
        """What limits the current, in words; "" if nothing does."""
        words = self._station.charging.why(self._outlet)
        current = self._transactions.current
        if current is not None and current.invalid is not None:
            words += (", " if words else "") + "the idTag was refused after the start"
        return words

    def _fault(self):
        error, info = self._station.availability.fault()
        if error != NO_ERROR:
            return error, info
        failure = self._transactions.lock.failure()
        if failure:
            return "ConnectorLockFailure", failure
        return self._outlet.evse.module.error.value or NO_ERROR, ""

    def _idle(self):
        """The state without a transaction."""
        if not self._station.availability.operative(self._outlet.id):
            return "Unavailable"
        if self._transactions.expects_plug():
            return "Preparing"
        if self._station.reservation.active(self._outlet):
            return "Reserved"
        if self._gate.plugged.value:
            return "Finishing" if self._transactions.finished else "Preparing"
        return "Finishing" if self._transactions.lock.holds() else "Available"

    # --- while a transaction runs ---------------------------------------------------------------------------------

    def _running(self, opened):
        if self._gate.enabled.value:
            self._closed_ms = None
            self._put(self._powered())
            return
        if opened:
            self._put(self._powered())  # it has closed again: so much has been, however short
        at_once = self._decided()
        if at_once:
            self._closed_ms = None
            self._put(*at_once)
        elif self._gate.transaction.value:
            self._suspend()
        elif self.notification.value is None:
            self.state.set("SuspendedEVSE")  # for the console; it is not certain

    def _powered(self):
        """With the gate open: 0 A may be what is wanted, or all that is permitted."""
        if self._outlet.evse.vehicle.max_current_ma.value == 0:
            return "SuspendedEV"
        return "SuspendedEVSE" if self._outlet.evse.module.setpoint_ma.value == 0 else "Charging"

    def _decided(self):
        """(status, info) of a suspension that needs not last, or (). SuspendedEVSE has precedence where both suspend.

        `transaction` of the gate is False until a transaction continues after a restart, and its limit is 0 as long. A
        budget between outlets may leave nothing for a moment.
        """
        if not self._gate.transaction.value:
            return ()
        if not self._gate.limit_by("transaction"):
            return ("SuspendedEVSE",)
        if self._gate.plugged.value or not self._all_in(_GONE):
            return ()
        return "SuspendedEV", _DISCONNECTED

    def _suspend(self):
        """The gate is closed by its other conditions: that counts once it has lasted."""
        now = self._station.clock.uptime_ms()
        if self._closed_ms is None:
            self._closed_ms = now
        vehicle = self._all_in(_VEHICLE_SIDE)
        status = "SuspendedEV" if vehicle else "SuspendedEVSE"
        begins = self.state.value == "Preparing" or self.notification.value is None
        if now - self._closed_ms >= (_EV_LASTS_MS if vehicle and not begins else _EVSE_LASTS_MS):
            self._put(status)
        elif self.notification.value is None:
            self.state.set(status)

    def _all_in(self, names):
        """Is what blocks charging all among these conditions of the gate?"""
        return all(name in names for name in self._gate.blocking())


class Availability:
    """Which of the charge point (0) and its connectors (1..n) are Operative.

    Inoperative while a transaction runs means: from its end on. `hold`: out of service whatever was requested.
    """

    conflicts = 0  # how often words were told of a conflict: those may be the same again

    def __init__(self, station, emergency_stop, connectors):
        self._held = False
        self._conflict = ""
        self._station = station
        self._emergency_stop = emergency_stop
        self._store = station.store
        self._operative = [True] * (connectors + 1)
        station.store.vital(_AVAILABLE, "the availability")

    def hold(self, held):
        """Until the restart that is about to come, for firmware is being installed."""
        self._held = held

    def tell_conflict(self, words):
        """Words to the LocalListConflict of connector 0, "" if there is none (section 3.5.2). ``conflicts`` counts
        them: what is the same as before is to be told again.
        """
        self._conflict = words
        if words:
            self.conflicts += 1

    def start(self):
        stored = self._store.get(_AVAILABLE)
        if stored is not None:
            count = len(self._operative)
            self._operative = (stored + [True] * count)[:count]  # another board may have written it

    def change(self, connector, operative):
        """Returns the status for ChangeAvailability.conf. Raises the store's Error."""
        if not 0 <= connector < len(self._operative):
            return "Rejected"
        wanted = self._operative[:]
        for number in range(len(wanted)) if connector == 0 else (connector,):
            wanted[number] = operative
        if wanted != self._operative:
            self._store.put(_AVAILABLE, wanted)
            self._operative = wanted
        return "Scheduled" if not operative and self._runs(connector) else "Accepted"

    def _runs(self, connector):
        """Does a transaction run at a connector, or (0) at any?"""
        return any(one.transactions.runs() for one in self._station.outlets if connector in (0, one.id))

    def operative(self, connector):
        """What was requested; of a connector: its own and the charge point's."""
        return not self._held and self._operative[0] and self._operative[connector]

    def charge_point(self):
        """(state, error, info) of connector 0: a fault of the whole station is sent there as well.

        A scheduled Inoperative comes true with the end of the last transaction (5.2).
        """
        error, info = self.fault()
        if error != NO_ERROR:
            return "Faulted", error, info
        operative = self.operative(0) or self._runs(0)
        error = "LocalListConflict" if self._conflict else NO_ERROR
        return "Available" if operative else "Unavailable", error, self._conflict

    def fault(self):
        """(error, info) of what keeps every connector from charging."""
        if self._emergency_stop.value:
            return "emergency stop", ""
        store = self._store
        if store.doubts:
            return "InternalError", ("in doubt: " + ", ".join(store.doubts))[:50]
        if store.fault.value:
            return "InternalError", store.fault.value[:50]
        return NO_ERROR, ""
