"""What diagnostics consist of: identity, state, counters, configuration without secrets, and the tail of the log."""

import gc

from core.isotime import format_utc


def diagnostics(ocpp, kernel, clock, log, since_ms, until_ms):
    """Generator of lines; of the log those between two UTC in ms (None: no bound)."""
    for title, page in (
        ("charge point", _identity(ocpp, clock)),
        ("components", _components(kernel)),
        ("counters", ocpp.describe()),
        ("conditions for charging", _conditions(ocpp.outlets)),
        ("journal", _journal(ocpp.store)),
        ("configuration", _configuration(ocpp)),
        ("log", log_lines(log.tail, clock, since_ms, until_ms)),
    ):
        yield "[%s]" % title
        for line in page:
            yield line
        yield ""


def _identity(ocpp, clock):
    for name in sorted(ocpp.boot.identity):
        yield "%s: %s" % (name, ocpp.boot.identity[name])
    utc_ms = clock.utc_ms()
    yield "time: %s, %d s after the start" % (
        "not known" if utc_ms is None else format_utc(utc_ms),
        clock.uptime_ms() // 1000,
    )
    for outlet in ocpp.outlets:
        words, it = outlet.words(), outlet.connector
        yield "connector%s: %s, %s %s" % (words and " %d" % outlet.id, it.state.value, it.error, it.info)
        transaction = outlet.transactions.current
        yield "transaction%s: %s" % (words, "none" if transaction is None else "#%d" % transaction.number)
        yield "register%s: %d Wh" % (words, outlet.evse.meter.energy_mwh.value // 1000)
    yield "heap: %d bytes free, %d in use" % (gc.mem_free(), gc.mem_alloc())


def _components(kernel):
    for part in kernel.parts:
        text = "%s: %s%s" % (part.name, part.state, ", critical" if part.critical else "")
        if part.failures:
            text += ", failed %d times, last: %s" % (part.failures, part.last_error)
        yield text
    yield "what blocked the loop, at most, in ms: " + kernel.urgent.describe()


def _conditions(outlets):
    for outlet in outlets:
        for _, words, value, holds in outlet.evse.gate.condition_texts():
            unknown = " (unknown)" if value is None else ""
            yield "%s %s%s%s" % ("ok     " if holds else "BLOCKS ", words, outlet.words(), unknown)


def _journal(store):
    yield "%d records, %d bytes, %d compactions, about %d erases, %d torn bytes, %d records lost" % (
        store.records,
        store.bytes,
        store.compactions,
        store.erases,
        store.torn,
        store.lost,
    )


def _configuration(ocpp):
    for name in ocpp.configuration.names():
        _, value, _ = ocpp.configuration.read(name)
        if value is not None:
            yield "%s = %s" % (name, value)


def log_lines(tail, clock, since_ms, until_ms):
    """Generator of the log's lines between two UTC in ms (None: no bound), each with its time as soon as it is known.

    The log counts from the start of the firmware; what happened in an earlier run is not in it.
    """
    for line in tuple(tail.lines):
        seconds, _, ms = line.partition(" ")[2].partition(" ")[0].partition(".")
        utc_ms = clock.utc_of(int(seconds) * 1000 + int(ms))
        if utc_ms is None:
            yield line
        elif (since_ms is None or utc_ms >= since_ms) and (until_ms is None or utc_ms <= until_ms):
            yield format_utc(utc_ms) + " " + line
