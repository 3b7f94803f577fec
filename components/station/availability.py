"""ChangeAvailability (OCPP 1.6, section 5.2): kept in the journal, across restarts; and what connector 0 is."""

_KEY = "ocpp/available"  # a list: of the charge point, and of each connector, whether it is Operative


class Availability:
    """Which of the charge point (0) and its connectors (1..n) are Operative.

    Inoperative while a transaction runs means: from its end on. `hold`: out of service whatever was asked for.
    """

    def __init__(self, station, connectors):
        self._held = False
        self._conflict = ""
        self._station = station
        self._store = station.store
        self._operative = [True] * (connectors + 1)
        station.store.vital(_KEY, "the availability")

    def hold(self, held):
        """Until the restart that is about to come, for firmware is being installed."""
        self._held = held

    def tell_conflict(self, words):
        """Words to the LocalListConflict of connector 0, "" if there is none (section 3.5.2)."""
        self._conflict = words

    def start(self):
        stored = self._store.get(_KEY)
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
            self._store.put(_KEY, wanted)
            self._operative = wanted
        return "Scheduled" if not operative and self._runs(connector) else "Accepted"

    def _runs(self, connector):
        """Does a transaction run at a connector, or (0) at any?"""
        return any(one.transactions.runs() for one in self._station.outlets if connector in (0, one.id))

    def operative(self, connector):
        """What was asked for; of a connector: its own and the charge point's."""
        return not self._held and self._operative[0] and self._operative[connector]

    def charge_point(self):
        """(status, errorCode, info) of connector 0: a fault of the whole station is sent there as well.

        A scheduled Inoperative comes true with the end of the last transaction (5.2).
        """
        error, info = self.fault()
        if error != "NoError":
            return "Faulted", error, info
        operative = self.operative(0) or self._runs(0)
        error = "LocalListConflict" if self._conflict else "NoError"
        return "Available" if operative else "Unavailable", error, self._conflict

    def fault(self):
        """(errorCode, info) of what keeps every connector from charging."""
        if self._station.emergency_stop.value:
            return "OtherError", "emergency stop"
        store = self._store
        if store.doubts:
            return "InternalError", ("in doubt: " + ", ".join(store.doubts))[:50]
        if store.fault.value:
            return "InternalError", store.fault.value[:50]
        return "NoError", ""
