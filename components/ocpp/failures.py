"""What it means when the central system cannot be dialled: loaded when that fails."""

from .access import BAD_SERVER, REFUSED

# mbedTLS's errors, as a name on ports that have names, as a number on all: (words, the security event).
_TLS_ERRORS = (
    (("ALLOC_FAILED",), None),  # our own memory
    (("certificate", "Usage does not", "X509"), BAD_SERVER),
    (("PROTOCOL_VERSION", "-28288"), "InvalidTLSVersion"),
    (("HANDSHAKE_FAILURE", "-28160", "ILLEGAL_PARAMETER", "-26112"), "InvalidTLSCipherSuite"),
    (("FATAL_ALERT", "-30592"), REFUSED),  # counts only where we show a certificate
    (("CONN_EOF", "-29312", "PEER_CLOSE", "-30848"), None),  # the network's
    (("MBEDTLS_ERR", "(-2", "(-3"), "CentralSystemFailedToAuthenticate"),
)


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
