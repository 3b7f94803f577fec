"""The answers to the messages about certificates. `certificates` is the Certificates."""

from ux509 import Certificate, Untrusted, pem
from ux509 import verify_chain as verify
from ux509.verify import CHAIN_MAX

from . import schemas  # noqa: F401  # see `CallDispatcher`
from .changes import RECONFIGURED, ask, begin_trial, renewed
from .own import own_of
from .roots import CENTRAL_SYSTEM, Refused, roots_of


async def verify_chain(certificates, text, kind):
    """Verify the chain of a PEM text, the first certificate in question, against what is installed of a kind.

    Returns that Certificate. Raises Untrusted, also if the text is malformed.
    """
    try:
        chain = [Certificate(der) for der in pem.decode(text, most=CHAIN_MAX)]
    except ValueError:
        raise Untrusted("malformed")
    await verify(chain, roots_of(certificates).trusted(kind), certificates.utc())
    return chain[0]


async def install_certificate(certificates, payload):
    """InstallCertificate (use case M05)."""
    kind = payload["certificateType"]
    try:
        former = await roots_of(certificates).install(kind, payload["certificate"], certificates.utc())
    except Refused as e:
        certificates.log.warning("%s refused: %s", kind, e)
        if kind == CENTRAL_SYSTEM:
            certificates.ocpp.security_event("InvalidCentralSystemCertificate", str(e))
        return {"status": "Rejected"}
    except OSError as e:
        certificates.log.warning("%s not written: %s", kind, e)
        return {"status": "Failed"}
    if former:
        begin_trial(certificates)
    if former is not None:
        certificates.ocpp.security_event(RECONFIGURED, kind + " installed")
    return {"status": "Accepted"}


async def get_installed_certificate_ids(certificates, payload):
    """GetInstalledCertificateIds (use case M03)."""
    found = await roots_of(certificates).hash_data(payload["certificateType"])
    return {"status": "Accepted", "certificateHashData": found} if found else {"status": "NotFound"}


async def delete_certificate(certificates, payload):
    """DeleteCertificate (use case M04)."""
    roots = roots_of(certificates)
    found = await roots.find(payload["certificateHashData"])
    if found is None:
        return {"status": "NotFound"}
    kind, name = found
    if not name or kind == CENTRAL_SYSTEM and _is_needed(certificates, roots, name):
        certificates.log.warning("%s not deleted: it is in use", kind)
        return {"status": "Failed"}
    try:
        roots.delete(name)
    except OSError as e:
        certificates.log.warning("%s not deleted: %s", kind, e)
        return {"status": "Failed"}
    begin_trial(certificates)
    certificates.ocpp.security_event(RECONFIGURED, kind + " deleted")
    return {"status": "Accepted"}


def _is_needed(certificates, roots, name):
    """Is this root the only one that the central system's certificate can be verified against?"""
    others = list(roots.names(CENTRAL_SYSTEM))
    others.remove(name)
    return certificates.ocpp.link.secure and not others and not list(roots.given())


async def certificate_signed(certificates, payload):
    """CertificateSigned (use cases A02, A03)."""
    chain, ocpp = payload["certificateChain"], certificates.ocpp
    try:
        if len(chain) > ocpp.configuration["CertificateSignedMaxChainSize"]:
            raise Refused("longer than CertificateSignedMaxChainSize")
        now = await own_of(certificates).take(chain, roots_of(certificates), certificates.utc())
    except Refused as e:
        certificates.log.warning("certificate refused: %s", e)
        ocpp.security_event("InvalidChargePointCertificate", str(e))
        return {"status": "Rejected"}
    except OSError as e:
        certificates.log.warning("certificate not written: %s", e)
        return {"status": "Rejected"}
    certificates.log.info("a new certificate of our own, %s", "from now on" if now else "for later")
    ocpp.security_event(RECONFIGURED, "certificate of the charge point")
    return {"status": "Accepted"}, (lambda: renewed(certificates)) if now else None


def trigger(certificates, message, connector):
    """ExtendedTriggerMessage of SignChargePointCertificate: see `triggers`."""
    ask(certificates)
    return True
