"""A transaction, as the journal keeps it."""


class Transaction:
    """One that runs. ``id`` is the central system's, None until it is known; ``number`` is our own."""

    def __init__(self, record, id=None):
        self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid = record
        self.id = id
        self.reason = ""  # why it ends, once it does
        # When it was ended (stamp), and by which idTag
        self.end = ()  # type: tuple

    def name(self):
        """For people."""
        return str(self.id) if self.id is not None else "#%d" % self.number

    def record(self):
        return [self.number, self.id_tag, self.parent, self.meter_start_wh, self.started, self.invalid]
