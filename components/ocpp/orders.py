"""What the orders to fetch and to upload have in common."""

from micropython import const

from core.isotime import format_utc, parse_utc
from core.text import bare_url, is_ascii

# What is there as long as a file is fetched or uploaded, besides who does it: see `OnDemand.keep`
MODULES = const((
    "components.ocpp.orders",
    "uhttp",
    "uhttp.body",
    "uhttp.errors",
    "uhttp.multipart",
    "uhttp.response",
    "uhttp.url",
    "uhttp.wire",
))  # fmt: skip
_INTERVAL_MAX_S = const(86400)
_TRIES_MAX = const(100)
_WATCH_MS = const(1000)
_LINK = const(b"\xa9\xfe")  # 169.254.0.0/16
_NAT64 = const(b"\x00\x64\xff\x9b")  # 64:ff9b::/96


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
    return "%s_%s_%s.txt" % (kind, bare_url(ocpp.link.url).rpartition("/")[2].replace("%", "_"), when)


def takes(ocpp, log, location):
    """Is a location a URL of a scheme that files are transferred over here? If not, the log says which it is."""
    scheme = location.partition("://")[0].lower()
    if scheme != "http" and not (scheme == "https" and ocpp.trust.has_tls()):
        log.warning("no file is transferred over %s://", scheme[:20])
        return False
    if " " in location or not is_ascii(location.encode()):  # RFC 3986, section 2
        log.warning("a location that is no URL")
        return False
    return True


def means(ocpp):
    """Arguments of `uhttp.request` for such an order, {name: value}."""
    return {
        "ssl": ocpp.trust.context,
        "allowed": None if ocpp.local_transfers else is_remote,  # checks each address to be dialled
        "net": (ocpp.wifi.resolve, ocpp.urgent.block),
    }


async def until_calm(ocpp, clock, log, location):
    """Wait while an outlet charges, if `location` is reached over TLS: its handshake blocks the loop, and can wait."""
    calm = ocpp.urgent.calm
    if location[:8].lower() == "https://" and not calm():
        log.info("a transfer over TLS waits for the end of the charging")
        while not calm():
            await clock.sleep_ms(_WATCH_MS)


def is_remote(ip):
    """Is an IP address (bytes) neither this device's own nor one of its link: loopback, link-local, unspecified?

    An IPv4 address is looked at in the three ways in which an IPv6 one can stand for it (RFC 4291, section 2.5.5; RFC
    6052); ``::`` and ``::1`` are two of these.
    """
    if len(ip) == 16:
        if ip[:4] != _NAT64 and any(ip[:10]):
            return not (ip[0] == 0xFE and ip[1] & 0xC0 == 0x80)
        ip = ip[12:]
    return len(ip) == 4 and ip[0] not in (0, 127) and ip[:2] != _LINK
