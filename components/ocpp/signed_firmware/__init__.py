"""SignedUpdateFirmware (white paper "Improved security for OCPP 1.6-J", use case L01): an update that is installed only
if the manufacturer has signed it.

The signing certificate must lead to a ManufacturerRootCertificate that the central system has installed; the signature
is over the SHA-256 of the image. RSA and ECDSA P-256 as `ux509` verifies them.
"""

import binascii

from core.isotime import parse_utc
from ux509 import Untrusted, check_key, verify_digest
from ux509.certificate import DIGITAL_SIGNATURE

from ..orders import how_often, utc_or_none
from . import schemas


class SignedFirmware:
    """Adds signed updates to ``firmware``, which does all the rest.

    Whether a certificate was revoked cannot be found out here, so RevokedCertificate is never answered. A signature
    that is malformed is answered as every wrong one: after the download, by InvalidSignature.

    Options: ``tries`` and ``interval_s`` where the central system does not say.
    """

    requires = ("ocpp", "firmware", "certificates", "log")
    options = {"tries": (int, 3, 1, 100), "interval_s": (int, 60, 0, 86400)}

    def __init__(self, ocpp, firmware, certificates, log, tries, interval_s):
        self._ocpp = ocpp
        self._update = firmware.update
        self._certificates = certificates
        self._log = log
        self._defaults = tries, interval_s
        firmware.update.verify = self._verify
        ocpp.add_profile("", {"SignedUpdateFirmware": self._signed_update}, schemas)
        ocpp.triggers["SignedFirmwareStatusNotification"] = self._trigger

    async def _signed_update(self, payload):
        firmware = payload["firmware"]
        try:
            spki = await self._signer(firmware["signingCertificate"])
        except Untrusted as e:
            self._log.warning("signing certificate refused: %s", e)
            self._ocpp.security_event("InvalidFirmwareSigningCertificate", str(e))
            return {"status": "InvalidCertificate"}
        status = self._update.order(
            firmware["location"],
            parse_utc(firmware["retrieveDateTime"]),
            *how_often(payload, *self._defaults),
            int(payload["requestId"]),
            utc_or_none(firmware, "installDateTime") or 0,
            [binascii.b2a_base64(spki).decode().strip(), firmware["signature"]],
        )
        return {"status": status}

    async def _signer(self, text):
        """The key (SubjectPublicKeyInfo) of a signing certificate. Raises Untrusted."""
        certificate = await self._certificates.verify_chain(text, "ManufacturerRootCertificate")
        if certificate.key_usage is not None and not certificate.key_usage & DIGITAL_SIGNATURE:
            raise Untrusted("its key is not for signatures")
        try:
            check_key(certificate.spki)
        except ValueError as e:
            raise Untrusted(str(e))
        return certificate.spki

    async def _verify(self, signature, digest):
        """See `components.ocpp.firmware.update.Update`."""
        spki, text = signature
        try:
            return await verify_digest(binascii.a2b_base64(spki), digest, binascii.a2b_base64(text))
        except ValueError as e:
            self._log.warning("no signature: %s", e)
            return False

    def _trigger(self, connector):
        payload = {"status": "Idle"}
        if self._update.signed:
            payload = {"status": self._update.status or "Idle", "requestId": self._update.request_id}
        self._ocpp.outbox.add("SignedFirmwareStatusNotification", payload)
        return True
