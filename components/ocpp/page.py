"""What the console shows of the charge point: its counters, and what the profiles have to tell; loaded for that."""


def lines(ocpp, pages):
    """Generator of lines; `pages`: functions that yield some."""
    for line in _counters(ocpp, ocpp.counters):
        yield line
    for line in ocpp.writes.page():
        yield line
    for page in pages:
        for line in page():
            yield line
    for profile in ocpp.actions.profiles:
        if hasattr(profile, "page"):
            for line in profile.page():
                yield line


def _counters(ocpp, counters):
    yield "OCPP: rx %d, tx %d, connects %d, failed %d, waiting %d" % (
        counters.rx,
        counters.tx,
        counters.connects,
        counters.failed_connects,
        len(ocpp.delivery),
    )
    yield "  time-outs %d, errors received %d, errors sent %d, malformed %d, unknown ids %d, twice %d" % (
        counters.timeouts,
        counters.errors_received,
        counters.errors_sent,
        counters.malformed,
        counters.unknown_ids,
        counters.duplicates,
    )
    yield "  too long %d, bad answers %d, bad times %d, ignored %d, ended unanswered %d" % (
        counters.too_long,
        counters.bad_answers,
        ocpp.boot.bad_times,
        counters.ignored,
        counters.deaf,
    )
    yield "  given up %d, meter values dropped %d, others dropped %d" % (
        counters.dropped,
        ocpp.delivery.thinned + sum([outlet.metering.dropped for outlet in ocpp.outlets]),
        ocpp.outbox.dropped + ocpp.status.skipped,
    )
