"""The charge point's own certificate: the request for one, its renewal, and the change to a new one.

========  ==========================================================================================
pending   the private key that a certificate was requested for
fresh     a certificate that is about to be the client's
next      a certificate whose time has not come
client    the certificate that is in use
former    the one before it, until a connection with the new one has been accepted
========  ==========================================================================================

Each of the last four holds the private key and the chain, the charge point's certificate first.
"""

from micropython import const

from ux509 import (
    Certificate,
    Untrusted,
    certificate_request,
    names,
    new_key,
    pem,
    private_key_der,
    read_private_key,
    verify_chain,
)
from ux509.certificate import CLIENT_AUTH, DIGITAL_SIGNATURE
from ux509.verify import CHAIN_MAX

from .roots import CENTRAL_SYSTEM, Refused

_RENEW_S = const(2592000)  # a month before the end, or when a third of its life is left
_ATTEMPTS = const(3)  # to get one request to the central system


def own_of(certificates):
    """The OwnCertificate of a `Certificates`."""
    return OwnCertificate(certificates, certificates.files(), certificates.log)


class OwnCertificate:
    """What becomes of these files. What is to be known of them without reading is kept in `certificates`."""

    def __init__(self, certificates, files, log):
        self._certificates = certificates
        self._files = files
        self._log = log

    def start(self):
        """Read what there is; put right what a power cut left half done."""
        files = self._files
        if files.names("fresh"):
            self._change("fresh")
        elif not files.names("client") and files.names("former"):
            files.rename("former", "client")
        pending, client = files.read("pending"), files.read("client")
        if pending and client and pending[0] == client[0]:
            files.remove("pending")
        self._load()

    def _load(self):
        certificate = self._first("client")
        ends = None
        if certificate is not None:
            left = min(_RENEW_S, (certificate.not_after - certificate.not_before) // 3)
            ends = (certificate.not_after - left, certificate.not_after)
        self._certificates.ends = ends
        certificate = self._first("next")
        self._certificates.begins = None if certificate is None else certificate.not_before

    def _first(self, name):
        blocks = self._files.read(name)
        try:
            return Certificate(blocks[1]) if blocks else None
        except (ValueError, IndexError):
            return None

    def replaced(self):
        """Is there a former one, on which we can fall back?"""
        return bool(self._files.names("former"))

    def settle(self, name):
        """A connection with "client" or "former" was accepted: that one stays. Raises OSError."""
        if name == "former":
            self._files.rename("former", "client")
            self._log.warning("the new certificate was not accepted: back to the former one")
        else:
            self._files.remove("former")
        self._load()

    # --- asking for one -------------------------------------------------------------------------------------------

    async def request(self):
        """Make a key and send SignCertificate with it."""
        certificates, ocpp = self._certificates, self._certificates.ocpp
        certificates.asked_ms = certificates.clock.uptime_ms()
        d, public = await new_key()
        self._files.write("pending", (private_key_der(d, public),))
        request = pem.encode(await certificate_request(d, public, _subject(ocpp)), "CERTIFICATE REQUEST")
        for _ in range(_ATTEMPTS):
            answer, error = await ocpp.outbox.request("SignCertificate", {"csr": request})
            if answer is not None:
                break
            self._log.warning("SignCertificate: %s", error)
        status = None if answer is None else answer.get("status")
        if status == "Rejected":
            self._files.remove("pending")
        if status == "Accepted":
            self._log.info("a certificate is requested")
        else:  # what comes nevertheless is welcome, unless it was refused
            self._log.warning("the request for a certificate was not accepted: %s", status or "no answer")

    # --- getting it -----------------------------------------------------------------------------------------------

    async def take(self, text, roots, utc):
        """Take a signed chain (PEM); returns whether it is to be used at once. `utc` in s, None while unknown.

        Raises Refused; OSError if it cannot be written.
        """
        pending = self._files.read("pending")
        if not pending:
            raise Refused("no certificate was requested")
        try:
            chain = [Certificate(der) for der in pem.decode(text, most=CHAIN_MAX)]
            first = chain[0]
            _check_use(first, read_private_key(pending[0])[1], self._certificates.ocpp.serial)
            # One that begins later is good, if it will be then.
            await verify_chain(chain, roots.trusted(CENTRAL_SYSTEM), utc and max(utc, first.not_before))
        except (ValueError, Untrusted) as e:
            raise Refused(str(e))
        blocks = [pending[0]]
        blocks.extend([certificate.der for certificate in chain])
        now = utc is None or utc >= first.not_before
        if now:
            self._files.write("fresh", blocks)
            self._change("fresh")
        else:
            self._files.write("next", blocks)
        if self._files.read("pending") == pending:  # else another one was requested meanwhile
            self._files.remove("pending")
        self._load()
        return now

    def _change(self, name):
        """Put a file in the place of "client"; `start` finishes what is cut short."""
        if self._files.names("client"):
            self._files.rename("client", "former")
        self._files.rename(name, "client")

    def take_next(self):
        """Change to the next certificate. Raises OSError."""
        self._change("next")
        self._load()


def _subject(ocpp):
    """Of a request: our serial number as CN and, as soon as the operator has set it, the operator's name as O."""
    organization = ocpp.configuration["CpoName"]
    common_name = (names.COMMON_NAME, ocpp.serial)
    return ((names.ORGANIZATION, organization), common_name) if organization else (common_name,)


def _check_use(certificate, public, common_name):
    """Check that a certificate is one for us to log in with. Raises ValueError."""
    if certificate.key != public:
        raise ValueError("not the key that was sent")
    if certificate.common_name != common_name:
        raise ValueError("not our common name")
    extended = certificate.extended_usage
    if extended is not None and CLIENT_AUTH not in extended:
        raise ValueError("not for the authentication of a client")
    if certificate.key_usage is not None and not certificate.key_usage & DIGITAL_SIGNATURE or certificate.is_ca:
        raise ValueError("not for signatures of ours")
