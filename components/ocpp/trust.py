"""Whom we believe over TLS: the one place where contexts for it are made.

mbedTLS, which every port of MicroPython 1.25 and newer has, negotiates TLS 1.2 at least, verifies the chain of the
server's certificates up to our roots, and compares the name of the host. Whether it compares the dates with a clock,
and whether that clock is right, depends on how the port was built; so `Check` does it once more, with the time that the
central system told. While that is not known, the last time that we are sure of is a lower bound.
"""

import binascii
from micropython import const

from core.isotime import format_utc

CENTRAL_ROOT = "CentralSystemRootCertificate"
_CERTIFICATES_MAX = const(8)  # in a ca_file
_KNOWN = const("ocpp/tls/utc")  # a time in s that has passed for sure
_KEEP_S = const(86400)  # that is written once a day at most
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


class Trust:
    """Makes the contexts. ``credentials``: None, or what has ``roots(kind)``, further roots in DER, and ``client()``,
    None or (our certificates, private key) in DER.

    `ca_file`: path of the roots of the settings (PEM or one in DER), or "".
    """

    def __init__(self, clock, store, log, ca_file):
        self._clock = clock
        self._store = store
        self._log = log
        self._ca_file = ca_file
        self.credentials = None

    def context(self, url):
        """The SSLContext to dial a ``wss://`` or ``https://`` URL with; None for an URL without TLS.

        It verifies chain, host name and dates. Raises OSError or ValueError: no root certificate, or none that is one.
        """
        return self.make(url, False)[0]

    def make(self, url, login):
        """(context, its Check) for a URL, or (None, None); `login`: with our own certificate, should the server ask."""
        if not url.lower().startswith(("wss://", "https://")):
            return None, None
        tls = _tls()
        if tls is None:
            raise ValueError("this port has no TLS")
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        utc_s = self._utc_s()
        check = Check(utc_s, self._store.get(_KNOWN, 0) if utc_s is None else 0)
        context.verify_callback = check.verify
        roots = 0
        for root in self.roots():
            context.load_verify_locations(root)
            roots += 1
        if not roots:
            raise ValueError("no root certificate of the central system")
        client = self.credentials.client() if login and self.credentials is not None else None
        if client is not None:
            context.load_cert_chain(client[0][0], client[1])
        return context, check

    def roots(self):
        """Generator of the roots (DER) for the central system. Raises OSError, ValueError."""
        if self._ca_file:
            with open(self._ca_file, "rb") as file:
                data = file.read()
            for root in ders(data):
                yield root
        if self.credentials is not None:
            for root in self.credentials.roots(CENTRAL_ROOT):
                yield root

    def has_tls(self):
        """Does this port have TLS?"""
        return _tls() is not None

    def has_root(self):
        """Is there TLS, and a root certificate to verify the central system against?"""
        if not self.has_tls():
            return False
        try:
            for _ in self.roots():
                return True
        except (OSError, ValueError) as e:
            self._log.warning("root certificate: %s", e)
        return False

    def has_client(self):
        """Is there a certificate of our own?"""
        return self.credentials is not None and self.credentials.client() is not None

    def _utc_s(self):
        utc_ms = self._clock.utc_ms()
        return None if utc_ms is None else utc_ms // 1000

    def learned(self, check):
        """If the time is known and `check` covers it: remember it, seldom.

        It never lies behind the certificates that it came with, so a wrong time cannot lock us out for longer.
        """
        utc_s = self._utc_s()
        if utc_s is not None and check.covers(utc_s) and abs(utc_s - self._store.get(_KNOWN, 0)) > _KEEP_S:
            try:
                self._store.put(_KNOWN, utc_s)
            except OSError as e:
                self._log.rare("the time is not remembered: %s", e)


def _tls():
    """The module, or None: not every port has it. (ssl is one over it that an image would have to freeze.)"""
    try:
        import tls

        return tls
    except ImportError:
        return None


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

    Nothing else is read: what mbedTLS believes may have a form that ux509 itself would refuse.
    """
    from ux509 import der as form  # only with TLS: a board without it does not load it
    from ux509.names import time

    tbs = form.reader(der).enter(form.SEQUENCE)
    tbs.optional(form.CONTEXT)
    for _ in range(3):  # serial number, algorithm, issuer
        tbs.raw()
    dates = tbs.enter(form.SEQUENCE)
    return time(dates), time(dates)
