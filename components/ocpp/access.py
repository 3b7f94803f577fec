"""How the central system is dialled, and what it means when that fails."""

from core.text import bare_url

REFUSED = "FailedToAuthenticateAtCentralSystem"
BAD_SERVER = "InvalidCentralSystemCertificate"
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

# What mbedTLS says, as a name on ports that have names, as a number on all: (words, the security event).
_TLS_ERRORS = (
    (("certificate", "Usage does not", "X509"), BAD_SERVER),
    (("PROTOCOL_VERSION", "-28288"), "InvalidTLSVersion"),
    (("HANDSHAKE_FAILURE", "-28160", "ILLEGAL_PARAMETER", "-26112"), "InvalidTLSCipherSuite"),
    (("FATAL_ALERT", "-30592"), REFUSED),  # counts only where we show a certificate
    (("CONN_EOF", "-29312", "PEER_CLOSE", "-30848"), None),  # the network's
    (("MBEDTLS_ERR", "(-2", "(-3"), "CentralSystemFailedToAuthenticate"),
)


class Access:
    """By the settings alone. The security extension puts one of its own in this place.

    ``url`` is what is dialled, ``auth`` None or (user, password) of HTTP Basic authentication, ``login`` whether TLS
    may show our own certificate. `id` is the last part of the URL and the user. Raises ValueError for a wrong `url`.
    """

    def __init__(self, url, id, auth_key, ca_file):
        self.given = (url, id, auth_key)
        self._url = url_of(url, id)
        if url.startswith("wss://") and not ca_file:
            raise ValueError("option 'ca_file': wss:// needs the certificate to verify the server against")
        self._auth = (id, auth_key) if auth_key else None

    @property
    def url(self):
        return self._url

    @property
    def auth(self):
        return self._auth

    @property
    def login(self):
        return True

    def begin(self):
        """An attempt to connect begins, with ``url``, ``auth`` and ``login`` as they are now."""

    def opened(self):
        """It worked: a WebSocket is open. Returns whether it is the one that is wanted by now."""
        return True

    def failed(self, event):
        """It did not work; `event` as `event_of` tells."""


def url_of(url, id):
    """The URL to dial: `url` with the identity as the last part of its path, which it may be already; a query stays
    behind it. Raises ValueError.
    """
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


def event_of(error, check, login):
    """The security event that a failed attempt to connect is, or None.

    `check`: the Check of a TLS connection, else None; `login`: whether we could show a certificate.
    """
    if getattr(error, "status", None) in (401, 403):
        return REFUSED
    if check is None:
        return None
    if check.failure:
        return BAD_SERVER
    text = str(error)
    for words, event in _TLS_ERRORS:
        for word in words:
            if word in text:
                return None if event == REFUSED and not login else event
    return None


def percent_encoded(text):
    """`text` as one path segment of a URL (RFC 3986, section 2.1)."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        out.append(char if char in _UNRESERVED else "%%%02X" % byte)
    return "".join(out)
