"""Certificates of OCPP's security extension (white paper "Improved security for OCPP 1.6-J", use cases A02, A03, M03
to M05): those that others are verified against, and our own.

=======  =====================================================================
calls    the answers to the messages; loaded for them, as what follows
files    files that are there as a whole or not at all
roots    the root certificates: installed, named, deleted
own      our own certificate and its private key
changes  what time and connections change: a new certificate, tried and kept
page     what the console shows
schemas  of the messages, generated
=======  =====================================================================
"""

import os
from micropython import const

_CHAIN_BYTES = const(10000)  # what the schema of CertificateSigned allows
_CHECK_MS = const(60000)
_AGAIN_MS = const(86400000)  # after a request that led to nothing
PREFIXES = const((  # the kinds of root certificates, and how the names of their files begin
    "CentralSystemRootCertificate", "c-",
    "ManufacturerRootCertificate", "m-",
))  # fmt: skip

KEYS = (
    ("AdditionalRootCertificateCheck", "bool", False, None, None, "R"),
    ("CertificateSignedMaxChainSize", "int", _CHAIN_BYTES, None, None, "R"),
    ("CertificateStoreMaxLength", "int", 8, None, None, "R"),
    ("CpoName", "str", "", None, 64, "RW"),  # an organizationName has 64 characters (RFC 5280, appendix A)
)


class Certificates:
    """The certificates of a charge point, and the messages about them.

    Options: ``max_installed`` root certificates of both kinds together, ``additional_root_check``: whether a new root
    of the central system must be signed by the one that it replaces (AdditionalRootCertificateCheck).

    For others: `roots`, `client`, `verify_chain`. The private keys never leave the directory ``certs``
    of the home, except to the TLS context.
    """

    requires = ("ocpp", "clock", "log", "home")
    options = {
        "max_installed": (int, 8, 1, 64),
        "additional_root_check": (bool, False),
    }
    task = None  # the request for a certificate that is under way
    wanted = False  # is one to be asked for?
    asked_ms = None  # uptime of the last request
    ends = None  # of our own certificate: (when to renew, when it ends), s; None: there is none
    begins = None  # when the next one begins, s
    _checked_ms = 0
    # On trial are a new root and a new certificate of our own, until a connection with them was accepted.
    replaced = ((), ())  # names of the former roots and of the newer ones
    own_replaced = False
    attempt = 0  # counts the connections that failed meanwhile: what is tried goes by its bits
    failed = since = 0  # counters of connections: failed ones, and made when the trial began

    def __init__(self, ocpp, clock, log, home, max_installed, additional_root_check):
        self.ocpp = ocpp
        self.clock = clock
        self.log = log
        self.folder = home + "/certs"
        self.max_installed = max_installed
        self.additional_root_check = additional_root_check
        configuration = ocpp.configuration
        ocpp.add_profile("certificates", self, KEYS)
        configuration.fix("AdditionalRootCertificateCheck", additional_root_check)
        configuration.fix("CertificateStoreMaxLength", max_installed)
        # A message must fit into max_message, where each line feed of a PEM text takes two characters.
        configuration.fix("CertificateSignedMaxChainSize", min(_CHAIN_BYTES, ocpp.max_message * 9 // 10))
        ocpp.add_step(self._step)
        ocpp.trust.add_certificates(self)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    async def start(self):
        """Read the files; put right what a power cut left."""
        try:
            os.stat(self.folder)
        except OSError:
            return  # nothing was ever written
        self._change("start")

    def verify_chain(self, text, kind):
        """See `calls.verify_chain`: a coroutine. What it needs is loaded: let go of it."""
        return self.calls().verify_chain(self, text, kind)

    def _change(self, name):
        """Call a function of `changes`, which is loaded for it. Raises OSError, MemoryError."""
        with self.ocpp.on_demand:
            from . import changes

            getattr(changes, name)(self)

    def files(self):
        """The `Files`, whose module is loaded."""
        from .files import Files

        return Files(self.folder, self.log, self.ocpp.urgent.block)

    # --- for TLS, which asks anew for each connection -------------------------------------------------------------

    def roots(self, kind):
        """Generator of the installed roots (DER) to trust now: "CentralSystemRootCertificate" or
        "ManufacturerRootCertificate". Those of the setting ``ca_file`` are not among them.

        While a root of the central system is to be replaced, connections are tried with the new one and, if one
        fails, with the former one.
        """
        at = PREFIXES.index(kind)
        return self.files().installed(PREFIXES[at + 1], () if at else self.replaced[self.root_tried()])

    def client(self):
        """(chain, private key) to log in with, or None: a tuple of DER, our own certificate first, and DER (SEC 1).

        After a change the former one is tried, too, as with `roots`.
        """
        blocks = self.files().read(self.own_tried())
        return (tuple(blocks[1:]), blocks[0]) if blocks else None

    def own_tried(self):
        """The file of our own certificate that this connection is tried with."""
        return "former" if self.own_replaced and self.attempt & 1 else "client"

    def root_tried(self):
        """0: this connection is tried with the new root, 1: with the former one."""
        return self.attempt >> (1 if self.own_replaced else 0) & 1

    # --- what time and connections change -------------------------------------------------------------------------

    def _step(self):
        try:
            if self.own_replaced or self.replaced[0]:
                self._step_trial()
            self._step_time()
        except (OSError, MemoryError) as e:
            self.log.rare("certificates not changed: %s", str(e) or "no memory")

    def _step_trial(self):
        """Try the other one after a failure; keep what a connection was accepted with."""
        counters = self.ocpp.rpc.counters
        if counters.failed_connects != self.failed:
            self.failed = counters.failed_connects
            self.attempt += 1
        elif counters.connects != self.since and self.ocpp.online():
            self._change("settle")

    def _step_time(self):
        now = self.clock.uptime_ms()
        if now - self._checked_ms < _CHECK_MS:
            return
        self._checked_ms = now
        utc = self.utc()
        if utc is None:
            return
        if self.begins is not None and utc >= self.begins:
            self._change("take_next")
        if self._due(utc, now) and self.ocpp.online():
            self._change("renew")

    def _due(self, utc, now):
        """Is it time to renew the certificate (use case A03)?"""
        if self.ends is None or utc < self.ends[0] or self.begins is not None:
            return False
        return self.asked_ms is None or now - self.asked_ms >= _AGAIN_MS

    def utc(self):
        """The time in s, None while it is unknown."""
        utc_ms = self.clock.utc_ms()
        return None if utc_ms is None else utc_ms // 1000

    def page(self):
        """What the console shows."""
        with self.ocpp.on_demand:
            from .page import pieces

            found = pieces(self)
        for piece in found:
            yield piece
