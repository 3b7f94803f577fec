"""What the Core profile asks of components that a board may leave out: the answers where they are not there."""


class Absent:
    """Stands for the Reservation profile: nothing is reserved; and for a connector lock where the cable is fixed: there
    is nothing to lock.
    """

    def active(self):
        """Is the connector reserved?"""
        return False

    def admits(self, tag, parent):
        """May an idTag with this parentIdTag (None: it has none, or it is not known) start a transaction?"""
        return True

    def closed_to(self, tag):
        """Is the connector reserved for others, whatever the parentIdTag of `tag` may be?"""
        return False

    def use(self, changes):
        """A transaction starts: add to `changes` what is to be journaled with it; returns its reservationId or None."""
        return None

    def secure(self):
        """Is the connector locked, so that a transaction may start? If it is not yet, it will be soon, or `failure`."""
        return True

    def holds(self):
        """Is a cable locked in, though no transaction runs?"""
        return False

    def failure(self):
        """What the lock failed to do, or ""."""
        return ""

    def release(self, tag):
        """Unlock what is kept for this idTag; returns whether something is."""
        return False


def serve_by_locks(ocpp, evses):
    """Have the locks of the outlets, where there are any, hold the cables of `ocpp`'s transactions."""
    for evse in evses:
        lock = evse.lock
        if lock is not None:
            ocpp.core.lock = ocpp.transactions.lock = lock
            ocpp.transactions.begun += (lock.begun,)
            ocpp.transactions.ended += (lock.ended,)
            ocpp.add_page(lock.page)
            lock.serve(ocpp.transactions, ocpp.configuration)


def no_charging_profile(tag, profile):
    """Without Smart Charging the chargingProfile of a RemoteStartTransaction is ignored (section 5.11)."""
    return _nothing


def _nothing():
    pass
