"""The URL that is dialled: made of the settings at the start."""

from micropython import const

from core.text import bare_url

_UNRESERVED = const("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def url_of(url, id):
    """The URL to dial: `url` with the identity as the last part of its path, which it may be already; a query stays
    behind it. Raises ValueError.
    """
    if not id:
        raise ValueError("option 'id': a central system needs one")
    from uwebsockets.handshake import parse_url  # the link lets go of it

    try:
        parse_url(url)
    except ValueError:
        raise ValueError("option 'url': %r is not ws://HOST[:PORT][/PATH], nor wss://" % bare_url(url))
    base, mark, query = url.partition("?")
    base = base.rstrip("/")
    name = percent_encoded(id)
    path = base.partition("://")[2].partition("/")[2]
    if path and path.rpartition("/")[2] in (id, name):
        base = base[: base.rindex("/")]
    return base + "/" + name + mark + query


def percent_encoded(text):
    """`text` as one path segment of a URL (RFC 3986, section 2.1)."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        out.append(char if char in _UNRESERVED else "%%%02X" % byte)
    return "".join(out)
