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

    def lines(self, delivery, boot, metering, outbox, status):
        """Generator of lines with these counters, and with those that the parts keep themselves."""
        yield "OCPP: rx %d, tx %d, connects %d, failed %d, waiting %d" % (
            self.rx,
            self.tx,
            self.connects,
            self.failed_connects,
            len(delivery),
        )
        yield "  time-outs %d, errors received %d, errors sent %d, malformed %d, unknown ids %d, twice %d" % (
            self.timeouts,
            self.errors_received,
            self.errors_sent,
            self.malformed,
            self.unknown_ids,
            self.duplicates,
        )
        yield "  too long %d, bad answers %d, bad times %d, ignored %d, ended unanswered %d" % (
            self.too_long,
            self.bad_answers,
            boot.bad_times,
            self.ignored,
            self.deaf,
        )
        yield "  given up %d, meter values dropped %d, others dropped %d" % (
            self.dropped,
            delivery.thinned + metering.dropped,
            outbox.dropped + status.skipped,
        )
