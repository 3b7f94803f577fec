"""SignedUpdateFirmware (white paper "Improved security for OCPP 1.6-J", use case L01): an update that is installed only
if the manufacturer has signed it.

The signing certificate must lead to a ManufacturerRootCertificate that the central system has installed, when the order
comes and again when the image is here; it is no CA, its key is for signatures and, where it names extended usages, for
code. The signature is over the SHA-256 of the image. RSA and ECDSA P-256 as `ux509` verifies them.
"""

import binascii

from core.isotime import parse_utc
from ux509 import Untrusted, check_key, verify_digest
from ux509.certificate import CODE_SIGNING, DIGITAL_SIGNATURE

from ..orders import how_often, takes, utc_or_none
from . import schemas


class SignedFirmware:
    """Adds signed updates to ``firmware``, which does all the rest.

    Whether a certificate was revoked cannot be found out here, so RevokedCertificate is never answered. A signature
    that is malformed is answered as every wrong one: after the download, by InvalidSignature.

    Options: ``tries`` and ``interval_s`` where the central system does not say. ``unsigned``: UpdateFirmware is taken
    as well; otherwise it is refused with SecurityError.
    """

    requires = ("ocpp", "firmware", "certificates", "log")
    options = {"tries": (int, 3, 1, 100), "interval_s": (int, 60, 0, 86400), "unsigned": (bool, False)}

    def __init__(self, ocpp, firmware, certificates, log, tries, interval_s, unsigned):
        self._ocpp = ocpp
        self._update = firmware.update
        self._certificates = certificates
        self._log = log
        self._defaults = tries, interval_s
        firmware.take_signed(self._verify, unsigned)
        ocpp.add_profile("", {"SignedUpdateFirmware": self._signed_update}, schemas)
        ocpp.triggers["SignedFirmwareStatusNotification"] = self._trigger

    async def _signed_update(self, payload):
        firmware = payload["firmware"]
        if not takes(self._ocpp, self._log, firmware["location"]):
            return {"status": "Rejected"}
        try:
            await self._signer(firmware["signingCertificate"])
        except Untrusted as e:
            self._refuse(e)
            return {"status": "InvalidCertificate"}
        status = self._update.order(
            firmware["location"],
            parse_utc(firmware["retrieveDateTime"]),
            *how_often(payload, *self._defaults),
            int(payload["requestId"]),
            utc_or_none(firmware, "installDateTime") or 0,
            [firmware["signingCertificate"], firmware["signature"]],
        )
        return {"status": status}

    async def _signer(self, text):
        """The key (SubjectPublicKeyInfo) of a signing certificate. Raises Untrusted."""
        certificate = await self._certificates.verify_chain(text, "ManufacturerRootCertificate")
        if certificate.is_ca:
            raise Untrusted("it is a CA's")
        if not (certificate.key_usage or 0) & DIGITAL_SIGNATURE:
            raise Untrusted("its key is not for signatures")
        if certificate.extended_usage is not None and CODE_SIGNING not in certificate.extended_usage:
            raise Untrusted("its key is not for code")
        try:
            check_key(certificate.spki)
        except ValueError as e:
            raise Untrusted(str(e))
        return certificate.spki

    def _refuse(self, error):
        self._log.warning("signing certificate refused: %s", error)
        self._ocpp.security_event("InvalidFirmwareSigningCertificate", str(error))

    async def _verify(self, signature, digest):
        """See `Firmware.take_signed`."""
        certificate, text = signature
        try:
            return await verify_digest(await self._signer(certificate), digest, binascii.a2b_base64(text))
        except Untrusted as e:  # it has expired meanwhile, or its root is not there any more
            self._refuse(e)
            return False
        except ValueError as e:
            self._log.warning("no signature: %s", e)
            return False

    def _trigger(self, connector):
        payload = {"status": "Idle"}
        if self._update.signed:
            payload = {"status": self._update.status or "Idle", "requestId": self._update.request_id}
        self._ocpp.outbox.add("SignedFirmwareStatusNotification", payload)
        return True
