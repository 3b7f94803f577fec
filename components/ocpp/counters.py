"""Counters of the connection to the central system."""


class Counters:
    """What the console shows of the connection."""

    def __init__(self):
        self.rx = self.tx = 0  # messages
        self.malformed = 0  # no valid OCPP-J message
        self.too_long = 0  # messages that closed the connection with 1009
        self.unknown_ids = 0  # answers to what we did not ask
        self.duplicates = 0  # CALLs that came twice
        self.bad_answers = 0  # answers that break their schema
        self.errors_sent = self.errors_received = 0  # CALLERRORs
        self.timeouts = 0
        self.deaf = 0  # connections ended because CALLs in a row were not answered
        self.ignored = 0  # CALLs while Rejected
        self.dropped = 0  # messages given up
        self.connects = self.failed_connects = 0
