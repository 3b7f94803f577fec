"""The certificates that others are verified against: two kinds, installed and deleted by the central system.

A file of one, ``c-HASH`` of the central system or ``m-HASH`` of the manufacturer: the hash of its issuer's key, the
certificate, and the names of the files that it is to replace (see `Roots.replaced`).
"""

import asyncio
import hashlib
from micropython import const

from core.parts import error_text
from ux509 import Certificate, Untrusted, certificate_hash_data, check_key, issuer_key_hash, pem, verify_chain
from ux509.certificate import KEY_CERT_SIGN

from . import PREFIXES

CENTRAL_SYSTEM, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
_NAME_BYTES = const(8)  # of the certificate's hash, in its file's name
_CA_FILE_MAX = const(32768)


class Refused(Exception):
    """A certificate that is refused; the text is the reason."""


def roots_of(certificates):
    """The Roots of a `Certificates`."""
    bounds = certificates.max_installed, certificates.additional_root_check
    return Roots(certificates.files(), certificates.log, certificates.ocpp.ca_file, *bounds)


def prefix_of(kind):
    """How the files of a kind begin."""
    return PREFIXES[PREFIXES.index(kind) + 1]


class Roots:
    """What is installed, and the certificates of the setting ``ca_file``, which belong to the central system's kind.

    `ca_file`: a path, or "". `most`: so many may be installed, of both kinds together. `one_only`: see
    AdditionalRootCertificateCheck.
    """

    def __init__(self, files, log, ca_file, most, one_only):
        self._files = files
        self._log = log
        self._ca_file = ca_file
        self._most = most
        self._one_only = one_only

    def names(self, kind):
        """The files of a kind."""
        return self._files.names(prefix_of(kind))

    def trusted(self, kind):
        """Generator of all that a certificate may be verified against (DER)."""
        for der in self._files.installed(prefix_of(kind)):
            yield der
        if kind == CENTRAL_SYSTEM:
            for der in self.given():
                yield der

    def given(self):
        """The certificates (DER) of ``ca_file``; if it has none that can be read, that is logged."""
        if not self._ca_file:
            return ()
        try:
            with open(self._ca_file, "rb") as file:
                data = file.read(_CA_FILE_MAX)
            found = pem.decode(data) if b"-----BEGIN" in data else (data,)
            for der in found:
                Certificate(der)
            return found
        except (OSError, ValueError) as e:
            self._log.rare("%s, the setting ca_file: %s", self._ca_file, error_text(e))
            return ()

    # --- installing ---------------------------------------------------------------------------------------------

    async def install(self, kind, text, utc):
        """Install the certificate of a PEM text; returns the names of what it is to replace; None if it is there.

        `utc` in seconds, None while unknown. Raises Refused; OSError if it cannot be written.
        """
        try:
            certificate = Certificate(pem.decode(text, most=1)[0])
            key_hash = await self._judge(kind, certificate, utc)
        except (ValueError, Untrusted) as e:
            raise Refused(str(e))
        name = prefix_of(kind) + hashlib.sha256(certificate.der).digest()[:_NAME_BYTES].hex()
        there = self.names(kind)
        if name in there:
            return None
        former = there if self._one_only and kind == CENTRAL_SYSTEM else ()
        count = len(self.names(CENTRAL_SYSTEM)) + len(self.names(MANUFACTURER)) - len(former)
        if count >= self._most:
            raise Refused("the store is full: %d certificates" % count)
        blocks = [bytes.fromhex(key_hash), certificate.der]
        blocks.extend([other.encode() for other in former])
        self._files.write(name, blocks)
        self._log.info("%s installed: %s", kind, name)
        return former

    async def _judge(self, kind, certificate, utc):
        """The hash of the key that signed a root. Raises Untrusted, ValueError: it is none that may be installed."""
        check_key(certificate.spki)
        usage = certificate.key_usage
        if not certificate.is_ca or usage is not None and not usage & KEY_CERT_SIGN:
            raise ValueError("not the certificate of an authority")
        if self._one_only and kind == CENTRAL_SYSTEM:
            anchors = list(self._files.installed(prefix_of(kind))) or list(self.given())
        else:
            anchors = ()
        if not anchors:  # the first one is trusted as its sender is; later ones too, if that is enough
            anchors = [certificate.der] if certificate.self_issued else self.trusted(kind)
        root = await verify_chain([certificate], anchors, utc)
        return issuer_key_hash(root.spki)

    # --- one root after the other (AdditionalRootCertificateCheck) ------------------------------------------------

    def replaced(self):
        """(names of the files that a newer root is to replace, names of the newer ones): none if there is none."""
        former, newer = [], []
        names = self.names(CENTRAL_SYSTEM)
        for name in names:
            blocks = self._files.read(name)
            for other in blocks[2:] if blocks else ():
                if other.decode() in names:
                    former.append(other.decode())
                    newer.append(name)
        return former, newer

    # --- naming and deleting --------------------------------------------------------------------------------------

    async def hash_data(self, kind):
        """The CertificateHashData of all of a kind, a list."""
        found = []
        for name in self.names(kind):
            data = self._hash_data(name)
            if data is not None:
                found.append(data)
            await asyncio.sleep_ms(0)
        if kind == CENTRAL_SYSTEM:
            for der in self.given():
                data = _hash_data_of_given(der)
                if data not in found:
                    found.append(data)
        return found

    def _hash_data(self, name):
        blocks = self._files.read(name)
        try:
            return blocks and certificate_hash_data(Certificate(blocks[1]), blocks[0].hex())
        except ValueError:
            return None

    async def find(self, wanted):
        """(kind, file's name) of a CertificateHashData; the name is "" if it is of ``ca_file``. None: not there."""
        for kind in (CENTRAL_SYSTEM, MANUFACTURER):
            for name in self.names(kind):
                if _is_same(self._hash_data(name), wanted):
                    return kind, name
                await asyncio.sleep_ms(0)
        for der in self.given():
            if _is_same(_hash_data_of_given(der), wanted):
                return CENTRAL_SYSTEM, ""
        return None

    def delete(self, name):
        """Delete an installed one. Raises OSError."""
        self._files.remove(name)
        self._log.info("root certificate deleted: %s", name)


def _hash_data_of_given(der):
    """Those of ca_file are taken to be self-signed."""
    certificate = Certificate(der)
    return certificate_hash_data(certificate, issuer_key_hash(certificate.spki))


def _is_same(data, wanted):
    """Do two CertificateHashData name the same? Digits may be capital, and a serial number may begin with zeros."""
    if data is None or wanted["hashAlgorithm"] != data["hashAlgorithm"]:
        return False
    if wanted["serialNumber"].lower().lstrip("0") != data["serialNumber"].lstrip("0"):
        return False
    for name in ("issuerNameHash", "issuerKeyHash"):
        if wanted[name].lower() != data[name]:
            return False
    return True
