"""Which peers are trusted over TLS: the one place where contexts for it are made.

mbedTLS, which every port of MicroPython 1.25 and newer has, negotiates TLS 1.2 at least, verifies the chain of the
server's certificates up to our roots, and compares the name of the host. Of the dates see `dates`, which is loaded for
them: a charger without TLS does without.
"""

from micropython import const

from core.parts import error_text

CENTRAL_ROOT = "CentralSystemRootCertificate"
_KNOWN = const("ocpp/tls/utc")  # a time in s that has passed for sure
_KEEP_S = const(86400)  # that is written once a day at most


class Trust:
    """Makes the contexts.

    What reads them is loaded for each connection.

    `ca_file`: path of the roots of the settings (PEM or one in DER), or "".
    """

    _certificates = _ask = None

    def __init__(self, clock, store, log, ca_file, on_demand):
        self._clock = clock
        self._store = store
        self._log = log
        self._ca_file = ca_file
        self._on_demand = on_demand

    def add_certificates(self, certificates):
        """Trust what is installed, too: ``certificates.roots(kind)`` yields further roots in DER, ``client()`` is our
        own chain and its private key in DER, or None. Both are called for each connection.
        """
        self._certificates = certificates

    def ask_first(self, function):
        """Have ``function()`` called before a context is made; an OSError that it raises ends the attempt."""
        self._ask = function

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
        if self._ask is not None:
            self._ask()
        with self._on_demand:
            return self._made(tls, login)

    def _made(self, tls, login):
        from .dates import Check

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        utc_s = self._utc_s()
        check = Check(utc_s, self._store.get(_KNOWN, 0) if utc_s is None else 0)
        context.verify_callback = check.verify
        roots = 0
        for root in self.roots():
            roots += 1
            try:
                context.load_verify_locations(root)
            except ValueError as e:
                first = ", of which the first are those of the setting ca_file, %s" % self._ca_file
                raise ValueError("root certificate %d: %s%s" % (roots, e, first if self._ca_file else ""))
        if not roots:
            raise ValueError("no root certificate of the central system")
        client = self._certificates.client() if login and self._certificates is not None else None
        if client is not None:
            context.load_cert_chain(client[0][0], client[1])
        return context, check

    def roots(self):
        """Generator of the roots (DER) for the central system. Raises OSError, ValueError."""
        if self._ca_file:
            from .dates import ders

            try:
                with open(self._ca_file, "rb") as file:
                    data = file.read()
            except OSError as e:
                raise ValueError("%s, the setting ca_file: %s" % (self._ca_file, error_text(e)))
            for root in ders(data):
                yield root
        if self._certificates is not None:
            for root in self._certificates.roots(CENTRAL_ROOT):
                yield root

    def has_tls(self):
        """Does this port have TLS?"""
        return _tls() is not None

    def has_root(self):
        """Is there TLS, and a root certificate to verify the central system against?"""
        if not self.has_tls():
            return False
        try:
            with self._on_demand:
                for _ in self.roots():
                    return True
        except (OSError, ValueError) as e:
            self._log.warning("root certificate: %s", e)
        return False

    def has_client(self):
        """Is there a certificate of our own?"""
        with self._on_demand:
            return self._certificates is not None and self._certificates.client() is not None

    def _utc_s(self):
        utc_ms = self._clock.sure_utc_ms()
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
                self._log.rare("the time is not stored: %s", e)


def _tls():
    """The module, or None: not every port has it. (ssl is one over it that an image would have to freeze.)"""
    try:
        import tls

        return tls
    except ImportError:
        return None
