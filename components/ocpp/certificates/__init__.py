"""Certificates of OCPP's security extension (white paper "Improved security for OCPP 1.6-J", use cases A02, A03, M03
to M05): those that others are verified against, and our own.

=======  ======================================================
files    files that are there as a whole or not at all
roots    the root certificates: installed, named, deleted
own      our own certificate and its private key
schemas  of the messages, generated
=======  ======================================================
"""

import asyncio
from micropython import const

from ux509 import Certificate, Untrusted, names, pem, verify_chain
from ux509.verify import CHAIN_MAX

from . import schemas
from .files import Files
from .own import OwnCertificate
from .roots import CENTRAL_SYSTEM, MANUFACTURER, Refused, Roots

_CHAIN_BYTES = const(10000)  # what the schema of CertificateSigned allows
_CHECK_MS = const(60000)
_MALFORMED = const("malformed")
_RECONFIGURED = const("ReconfigurationOfSecurityParameters")

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

    For others: `roots`, `client`, `verify_chain`. The private keys never leave the directory ``certs`` of the home,
    except to the TLS context.
    """

    requires = ("ocpp", "clock", "log", "home")
    options = {
        "max_installed": (int, 8, 1, 64),
        "additional_root_check": (bool, False),
    }

    def __init__(self, ocpp, clock, log, home, max_installed, additional_root_check):
        self._ocpp = ocpp
        self._clock = clock
        self._log = log
        self._configuration = configuration = ocpp.configuration
        self._files = Files(home + "/certs", log)
        self._roots = Roots(self._files, log, ocpp.ca_file, max_installed, additional_root_check)
        self._own = OwnCertificate(self._files, clock, log, ocpp.outbox, self._subject, ocpp.serial)
        self._task = None  # the request for a certificate that is under way
        self._wanted = False  # is one to be asked for?
        self._checked_ms = 0
        # On trial are a new root and a new certificate of our own, until a connection with them was accepted.
        self._replaced = ((), ())  # names of the former roots and of the newer ones
        self._own_replaced = False
        self._attempt = 0  # counts the connections that failed meanwhile: what is tried goes by its bits
        self._failed = self._since = 0  # counters of connections: failed ones, and made when the trial began
        ocpp.add_profile("", self._handlers(), schemas, KEYS)
        configuration.fix("AdditionalRootCertificateCheck", additional_root_check)
        configuration.fix("CertificateStoreMaxLength", max_installed)
        # A message must fit into max_message, where each line feed of a PEM text takes two characters.
        configuration.fix("CertificateSignedMaxChainSize", min(_CHAIN_BYTES, ocpp.max_message * 9 // 10))
        ocpp.triggers["SignChargePointCertificate"] = self._trigger
        ocpp.add_step(self._step)
        ocpp.add_page(self._page)
        ocpp.trust.credentials = self

    def _handlers(self):
        return {
            "InstallCertificate": self._install,
            "DeleteCertificate": self._delete,
            "GetInstalledCertificateIds": self._list,
            "CertificateSigned": self._signed,
        }

    def _subject(self):
        """Of a request: our serial number as CN and, as soon as the operator has told it, his name as O."""
        organization = self._configuration["CpoName"]
        common_name = (names.COMMON_NAME, self._ocpp.serial)
        return ((names.ORGANIZATION, organization), common_name) if organization else (common_name,)

    async def start(self):
        """Read the files; put right what a power cut left."""
        self._files.start()
        self._own.start()
        self._begin_trial()

    # --- for others -----------------------------------------------------------------------------------------------

    def roots(self, kind):
        """Generator of the installed roots (DER) to trust now: "CentralSystemRootCertificate" or
        "ManufacturerRootCertificate". Those of the setting ``ca_file`` are not among them.

        While a root of the central system is to be replaced, connections are tried with the new one and, if one
        fails, with the former one: ask anew for each connection.
        """
        if kind == CENTRAL_SYSTEM:
            return self._roots.installed(kind, self._replaced[self._root_tried()])
        return self._roots.installed(kind)

    def client(self):
        """(chain, private key) to log in with, or None: a tuple of DER, our own certificate first, and DER (SEC 1).

        After a change the former one is tried, too, as with `roots`.
        """
        return self._own.read(self._own_tried())

    async def verify_chain(self, text, kind):
        """Verify the chain of a PEM text, the first certificate in question, against what is installed of a kind.

        Returns that Certificate. Raises Untrusted, also if the text is malformed.
        """
        try:
            chain = [Certificate(der) for der in pem.decode(text, most=CHAIN_MAX)]
        except ValueError:
            raise Untrusted(_MALFORMED)
        await verify_chain(chain, self._roots.trusted(kind), self._utc())
        return chain[0]

    def _own_tried(self):
        """The file of our own certificate that this connection is tried with."""
        return "former" if self._own_replaced and self._attempt & 1 else "client"

    def _root_tried(self):
        """0: this connection is tried with the new root, 1: with the former one."""
        return self._attempt >> (1 if self._own_replaced else 0) & 1

    def _utc(self):
        """The time in s, None while it is unknown."""
        utc_ms = self._clock.utc_ms()
        return None if utc_ms is None else utc_ms // 1000

    # --- messages -------------------------------------------------------------------------------------------------

    async def _install(self, payload):
        """InstallCertificate (use case M05)."""
        kind = payload["certificateType"]
        try:
            former = await self._roots.install(kind, payload["certificate"], self._utc())
        except Refused as e:
            self._log.warning("%s refused: %s", kind, e)
            if kind == CENTRAL_SYSTEM:
                self._ocpp.security_event("InvalidCentralSystemCertificate", str(e))
            return {"status": "Rejected"}
        except OSError as e:
            self._log.warning("%s not written: %s", kind, e)
            return {"status": "Failed"}
        if former:
            self._begin_trial()
        if former is not None:
            self._ocpp.security_event(_RECONFIGURED, kind + " installed")
        return {"status": "Accepted"}

    async def _list(self, payload):
        """GetInstalledCertificateIds (use case M03)."""
        found = await self._roots.hash_data(payload["certificateType"])
        return {"status": "Accepted", "certificateHashData": found} if found else {"status": "NotFound"}

    async def _delete(self, payload):
        """DeleteCertificate (use case M04)."""
        found = await self._roots.find(payload["certificateHashData"])
        if found is None:
            return {"status": "NotFound"}
        kind, name = found
        if not name or kind == CENTRAL_SYSTEM and self._is_needed(name):
            self._log.warning("%s not deleted: it is in use", kind)
            return {"status": "Failed"}
        try:
            self._roots.delete(name)
        except OSError as e:
            self._log.warning("%s not deleted: %s", kind, e)
            return {"status": "Failed"}
        self._begin_trial()
        self._ocpp.security_event(_RECONFIGURED, kind + " deleted")
        return {"status": "Accepted"}

    def _is_needed(self, name):
        """Is this root the only one that the central system's certificate can be verified against?"""
        others = list(self._roots.names(CENTRAL_SYSTEM))
        others.remove(name)
        return self._ocpp.link.secure and not others and not list(self._roots.given())

    async def _signed(self, payload):
        """CertificateSigned (use cases A02, A03)."""
        try:
            if len(payload["certificateChain"]) > self._configuration["CertificateSignedMaxChainSize"]:
                raise Refused("longer than CertificateSignedMaxChainSize")
            now = await self._own.take(payload["certificateChain"], self._roots, self._utc())
        except Refused as e:
            self._log.warning("certificate refused: %s", e)
            self._ocpp.security_event("InvalidChargePointCertificate", str(e))
            return {"status": "Rejected"}
        except OSError as e:
            self._log.warning("certificate not written: %s", e)
            return {"status": "Rejected"}
        self._log.info("a new certificate of our own, %s", "from now on" if now else "for later")
        self._ocpp.security_event(_RECONFIGURED, "certificate of the charge point")
        return {"status": "Accepted"}, self._renewed if now else None

    def _renewed(self):
        """A new certificate of our own is in its place: connect with it."""
        self._begin_trial()
        self._ocpp.link.reconnect()

    # --- the request for a certificate ----------------------------------------------------------------------------

    def _trigger(self, connector):
        """ExtendedTriggerMessage: ask for a certificate (use case A02), after what is being asked for now."""
        self._wanted = True
        if self._task is None:
            self._task = asyncio.create_task(self._request())
        return True

    async def _request(self):
        try:
            while self._wanted:
                self._wanted = False
                await self._own.request()
        except Exception as e:  # a task of its own: nobody else would hear of it
            self._log.exception("request for a certificate: %r" % e, e)
        finally:
            self._task = None

    # --- what time and connections change -------------------------------------------------------------------------

    def _begin_trial(self):
        counters = self._ocpp.counters
        self._replaced = self._roots.replaced()
        self._own_replaced = self._own.replaced()
        self._attempt = 0
        self._failed, self._since = counters.failed_connects, counters.connects

    def _step(self):
        if self._own_replaced or self._replaced[0]:
            self._step_trial()
        now = self._clock.uptime_ms()
        if now - self._checked_ms < _CHECK_MS:
            return
        self._checked_ms = now
        utc = self._utc()
        if utc is None:
            return
        try:
            if self._own.step(utc):
                self._log.info("the time of the new certificate has come")
                self._renewed()
        except OSError as e:
            self._log.rare("certificate not changed: %s", e)
        if self._ocpp.online() and self._own.due(utc):  # use case A03
            self._log.info("the certificate of the charge point is to be renewed")
            self._trigger(None)

    def _step_trial(self):
        """Try the other one after a failure; keep what a connection was accepted with."""
        counters = self._ocpp.counters
        if counters.failed_connects != self._failed:
            self._failed = counters.failed_connects
            self._attempt += 1
        elif counters.connects != self._since and self._ocpp.online():
            try:
                self._settle()
            except OSError as e:
                self._log.rare("former certificate not removed: %s", e)

    def _settle(self):
        if self._own_replaced:
            self._own.settle(self._own_tried())
        if not self._root_tried():
            for name in self._replaced[0]:
                self._roots.delete(name)
        self._begin_trial()

    def _page(self):
        yield "Certificates: %d roots of the central system, %d of the manufacturer; %s" % (
            len(self._roots.names(CENTRAL_SYSTEM)),
            len(self._roots.names(MANUFACTURER)),
            self._own.describe(),
        )
        if self._own_replaced or self._replaced[0]:
            yield "  a new one is on trial, connections failed meanwhile: %d" % self._attempt
