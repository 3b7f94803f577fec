"""What the Core profile requires of components that a board may leave out: the answers without them."""


class Absent:
    """Stands for the Reservation profile: nothing is reserved; for Smart Charging: nothing limits; and for a connector
    lock where the cable is fixed: there is nothing to lock.
    """

    # --- Reservation

    def active(self, outlet):
        """Is an outlet reserved?"""
        return False

    def admits(self, outlet, tag, parent):
        """May an idTag with this parentIdTag (None: it has none, or it is not known) start a transaction there?"""
        return True

    def closed_to(self, outlet, tag):
        """Is an outlet reserved for others, whatever the parentIdTag of `tag` may be?"""
        return False

    def use(self, transaction, changes):
        """One starts: add to `changes` what is to be journaled with it; returns its reservationId or None."""
        return None

    # --- Smart Charging

    def unstage(self, outlet):
        """A remote start without a charging profile is accepted: give up one that waits for an earlier one."""

    def why(self, outlet):
        """What the central system's limit of an outlet comes from, in words; "" if there is none."""
        return ""

    # --- a connector lock: with ``unlock``, async, whether it is open now

    unlock = None

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
