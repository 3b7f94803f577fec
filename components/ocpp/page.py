"""The page of the charge point: its counters, and what the profiles show; loaded for that."""


def pieces(ocpp):
    """Generator of (name, text, data), see `Ocpp.page`."""
    for piece in _counters(ocpp, ocpp.rpc.counters):
        yield piece
    for piece in ocpp.writes.page():
        yield piece
    for profile in ocpp.dispatcher.profiles + ocpp.station.features:
        if hasattr(profile, "page"):
            for piece in profile.page():
                yield piece


def lines(found):
    """Generator of the lines of what is `found`, (name, text, data) of each piece."""
    for _, text, data in found:
        yield text % data if data else text


def _counters(ocpp, counters):
    text = "OCPP: rx %(rx)d, tx %(tx)d, connects %(connects)d, failed %(failed_connects)d, waiting %(waiting)d"
    yield "messages", text, {
        "rx": counters.rx,
        "tx": counters.tx,
        "connects": counters.connects,
        "failed_connects": counters.failed_connects,
        "waiting": len(ocpp.station.journal),
    }
    text = "  time-outs %(timeouts)d, errors received %(errors_received)d, errors sent %(errors_sent)d, "
    text += "malformed %(malformed)d, unknown ids %(unknown_ids)d, twice %(duplicates)d"
    yield "errors", text, {
        "timeouts": counters.timeouts,
        "errors_received": counters.errors_received,
        "errors_sent": counters.errors_sent,
        "malformed": counters.malformed,
        "unknown_ids": counters.unknown_ids,
        "duplicates": counters.duplicates,
    }
    text = "  too long %(too_long)d, bad answers %(bad_answers)d, bad times %(bad_times)d, ignored %(ignored)d, "
    text += "ended unanswered %(deaf)d"
    yield "refused", text, {
        "too_long": counters.too_long,
        "bad_answers": counters.bad_answers,
        "bad_times": ocpp.boot.bad_times,
        "ignored": counters.ignored,
        "deaf": counters.deaf,
    }
    text = "  given up %(dropped)d, meter values dropped %(values_dropped)d, others dropped %(others_dropped)d"
    yield "dropped", text, {
        "dropped": counters.dropped,
        "values_dropped": ocpp.station.journal.thinned + sum([outlet.metering.dropped for outlet in ocpp.outlets]),
        "others_dropped": ocpp.outbox.dropped + ocpp.status.skipped,
    }
