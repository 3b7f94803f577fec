"""ChangeAvailability (OCPP 1.6, section 5.2): kept in the journal, across restarts."""

_KEY = "ocpp/available"


class Availability:
    """Which of the charge point (0) and its connector (1) are Operative.

    Inoperative while a transaction runs means: from its end on. ``held``: out of service whatever was asked for, until
    the restart that is about to come (firmware is being installed).
    """

    def __init__(self, store):
        self._store = store
        self._operative = [True, True]
        self.held = False
        store.vital(_KEY, "the availability")

    def start(self):
        stored = self._store.get(_KEY)
        if stored is not None:
            self._operative = stored

    def change(self, connector, operative, busy):
        """Returns the status for ChangeAvailability.conf; `busy`: a transaction runs. Raises the store's Error."""
        if connector not in (0, 1):
            return "Rejected"
        wanted = [operative, operative] if connector == 0 else [self._operative[0], operative]
        if wanted != self._operative:
            self._store.put(_KEY, wanted)
            self._operative = wanted
        return "Scheduled" if busy and not operative else "Accepted"

    def operative(self, connector):
        """What was asked for; of the connector: its own and the charge point's."""
        return not self.held and self._operative[0] and (connector == 0 or self._operative[1])
