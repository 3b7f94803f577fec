"""Certificates as they are read by us, beside mbedTLS: those of a file, and when they are valid.

Whether mbedTLS compares the dates with a clock, and whether that clock is right, depends on how the port was built; so
`Check` does it once more, with the time that the central system sent. While that is unknown, the last time that we
are sure of is a lower bound.
"""

import binascii
from micropython import const

from core.isotime import format_utc

_CERTIFICATES_MAX = const(8)  # in a ca_file
_VERIFY_FAILED = const(-0x2700)  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED: mbedTLS ends the handshake


class Check:
    """Looks at the validity of every certificate in one handshake.

    ``failure``: why it refused, or "". ``begins``, ``ends``: when all of the chain is valid, s since 1970.
    """

    def __init__(self, utc_s, lowest_s):
        self._utc_s = utc_s  # None: not known
        self._lowest_s = lowest_s
        self.failure = ""
        self.begins = 0
        self.ends = None

    def verify(self, certificate, depth):
        """What mbedTLS calls for each certificate, from the root down; 0: nothing against it. It must not raise."""
        try:
            begins, ends = validity(bytes(certificate))
        except (ValueError, MemoryError) as e:
            self.failure = "certificate not readable: %s" % type(e).__name__
            return _VERIFY_FAILED
        if ends < (self._lowest_s if self._utc_s is None else self._utc_s):
            self.failure = "certificate expired on " + format_utc(ends * 1000)
        elif self._utc_s is not None and self._utc_s < begins:
            self.failure = "certificate not valid before " + format_utc(begins * 1000)
        else:
            self.begins = max(self.begins, begins)
            self.ends = ends if self.ends is None else min(self.ends, ends)
            return 0
        return _VERIFY_FAILED

    def covers(self, utc_s):
        """Are the certificates that were seen valid at that time?"""
        return self.ends is not None and self.begins <= utc_s <= self.ends


def ders(data):
    """Generator of the certificates in a file: those of a PEM text as DER, which is what every port takes, or `data`
    itself. Raises ValueError."""
    blocks = data.split(b"-----BEGIN CERTIFICATE-----")
    if len(blocks) == 1:
        yield data
    if len(blocks) > _CERTIFICATES_MAX + 1:
        raise ValueError("more than %d certificates" % _CERTIFICATES_MAX)
    for block in blocks[1:]:
        yield binascii.a2b_base64(block.split(b"-----")[0])


def validity(der):
    """(not before, not after) of a certificate, s since 1970. Raises ValueError if `der` is none.

    Nothing else is read: what mbedTLS accepts may have a form that ux509 itself would refuse.
    """
    from ux509 import der as form  # only with TLS: a board without it does not load it
    from ux509.names import time

    tbs = form.reader(der).enter(form.SEQUENCE)
    tbs.optional(form.CONTEXT)
    for _ in range(3):  # serial number, algorithm, issuer
        tbs.raw()
    dates = tbs.enter(form.SEQUENCE)
    return time(dates), time(dates)
