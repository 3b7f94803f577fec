"""What the Core profile asks of components that a board may leave out: the answers where they are not there."""


class NoReservation:
    """Stands for the Reservation profile: nothing is reserved."""

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
