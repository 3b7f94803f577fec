"""What the orders to fetch and to upload have in common."""

from micropython import const

from core.isotime import format_utc, parse_utc

_INTERVAL_MAX_S = const(86400)
_TRIES_MAX = const(100)


def how_often(payload, tries, interval_s):
    """(tries, seconds between them) of a payload with ``retries`` and ``retryInterval``; the rest are the defaults.

    OCPP's retries are "how many times" we "must try": all of them counted, at least one.
    """
    tries = int(payload.get("retries", tries))
    interval_s = int(payload.get("retryInterval", interval_s))
    return min(max(1, tries), _TRIES_MAX), min(max(0, interval_s), _INTERVAL_MAX_S)


def utc_or_none(payload, name):
    """A time of a payload as UTC in ms."""
    return parse_utc(payload[name]) if name in payload else None


def file_name(ocpp, clock, kind):
    """``KIND_IDENTITY_20261122T101810.txt``: what a file is called that is ours to name."""
    utc_ms = clock.utc_ms()
    when = "unknown" if utc_ms is None else format_utc(utc_ms)[:19].replace("-", "").replace(":", "")
    return "%s_%s_%s.txt" % (kind, ocpp.link.url.rpartition("/")[2].replace("%", "_"), when)
