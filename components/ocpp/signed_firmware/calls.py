"""The answer to SignedUpdateFirmware, and the check of its signature. `profile` is the SignedFirmware."""

import binascii

from core.isotime import parse_utc
from ux509 import Untrusted, check_key, verify_digest
from ux509.certificate import CODE_SIGNING, DIGITAL_SIGNATURE

from ..orders import how_often, takes, utc_or_none
from . import schemas  # noqa: F401  # see `CallDispatcher`


async def signed_update_firmware(profile, payload):
    """SignedUpdateFirmware."""
    firmware = payload["firmware"]
    if not takes(profile.ocpp, profile.log, firmware["location"]):
        return {"status": "Rejected"}
    try:
        await _signer(profile, firmware["signingCertificate"])
    except Untrusted as e:
        _refuse(profile, e)
        return {"status": "InvalidCertificate"}
    status = profile.firmware.begin_update().order(
        firmware["location"],
        parse_utc(firmware["retrieveDateTime"]),
        *how_often(payload, profile.tries, profile.interval_s),
        int(payload["requestId"]),
        utc_or_none(firmware, "installDateTime") or 0,
        [firmware["signingCertificate"], firmware["signature"]],
    )
    return {"status": status}


async def _signer(profile, text):
    """The key (SubjectPublicKeyInfo) of a signing certificate. Raises Untrusted."""
    certificate = await profile.certificates.verify_chain(text, "ManufacturerRootCertificate")
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


def _refuse(profile, error):
    profile.log.warning("signing certificate refused: %s", error)
    profile.ocpp.security_event("InvalidFirmwareSigningCertificate", str(error))


async def verify(profile, signature, digest):
    """See `Firmware.verify`."""
    certificate, text = signature
    try:
        return await verify_digest(await _signer(profile, certificate), digest, binascii.a2b_base64(text))
    except Untrusted as e:  # it has expired meanwhile, or its root is not there any more
        _refuse(profile, e)
        return False
    except ValueError as e:
        profile.log.warning("no signature: %s", e)
        return False


def trigger(profile, message, connector):
    """SignedFirmwareStatusNotification: see `triggers`."""
    payload = {"status": "Idle"}
    update = profile.firmware.update
    if update is not None and update.signed:
        payload = {"status": update.status or "Idle", "requestId": update.request_id}
    profile.ocpp.outbox.add(message, payload)
    return True
