"""Certificates by OCA's test cases for OCPP 1.6: the charge point over TLS, and an authority on `cryptography`."""

import datetime
import ssl

import pki
import pytest
import pytest_asyncio
from charging_site import Site, eventually
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.asyncio(loop_scope="module")

CENTRAL_SYSTEM, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"


@pytest.fixture(scope="module")
def root():
    return pki.Authority("Central system's root")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory, root):
    """A charger whose central system speaks TLS, and looks at the client's certificate if there is one."""
    home = tmp_path_factory.mktemp("home")
    (home / "ca.pem").write_text(root.pem)
    context = root.issue("127.0.0.1", hosts=("127.0.0.1",)).server_context((root,))
    context.verify_mode = ssl.CERT_OPTIONAL
    async with Site(home, central={"tls": context}, settings={"ocpp": {"ca_file": "ca.pem"}}) as site:
        await site.boot()
        await site.configure(CpoName="Größe & Co.")
        yield site


def hash_data(certificate, issuer):
    """CertificateHashData as the central system computes it: the CertID of OCSP."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate.certificate, issuer.certificate, hashes.SHA256())
    request = builder.build()
    return {
        "hash_algorithm": "SHA256",
        "issuer_name_hash": request.issuer_name_hash.hex(),
        "issuer_key_hash": request.issuer_key_hash.hex(),
        "serial_number": f"{certificate.certificate.serial_number:x}",
    }


async def listed(site, kind):
    answer = await site.order("GetInstalledCertificateIds", certificateType=kind)
    assert answer.status == ("Accepted" if answer.certificate_hash_data else "NotFound")
    return answer.certificate_hash_data or []


async def install(site, certificate, kind):
    return (await site.order("InstallCertificate", certificateType=kind, certificate=certificate.pem)).status


async def delete(site, data):
    return (await site.order("DeleteCertificate", certificateHashData=data)).status


def shown_to(site):
    """The certificate (DER) that the charge point logged in with, or None."""
    transport = site.central.point().link.websocket.transport
    return transport.get_extra_info("ssl_object").getpeercert(True)


async def requested(site):
    """Have the charge point ask for a certificate, and know that it was heard; return its request."""
    since, line = site.mark(), site.firmware.mark
    answer = await site.order("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    assert answer.status == "Accepted"
    asked = await site.received("SignCertificate", since)
    await site.printed("a certificate is requested", line)  # else it asks once more over the next connection
    return asked.payload["csr"]


async def deliver(site, chain):
    return (await site.order("CertificateSigned", certificateChain=chain)).status


async def renew(site, root):
    """Give the charge point a certificate; return that once it has connected with it."""
    issued = root.answer_csr(await requested(site))
    connections = site.central.connections
    assert await deliver(site, issued.pem) == "Accepted"
    await site.reconnected(connections)
    assert shown_to(site) == issued.der
    return issued


async def test_tc_074_update_the_charge_point_certificate(site, root):
    assert shown_to(site) is None
    request = x509.load_pem_x509_csr((await requested(site)).encode())
    assert request.is_signature_valid
    assert [(part.oid, part.value) for part in request.subject] == [
        (NameOID.ORGANIZATION_NAME, "Größe & Co."),
        (NameOID.COMMON_NAME, "CP-1"),
    ]
    first = await renew(site, root)
    second = await renew(site, root)
    assert first.certificate.public_key() != second.certificate.public_key() != request.public_key()
    until = second.certificate.not_valid_after_utc.date()
    assert await site.answer("status", rf"our own certificate until {until}")
    await eventually(lambda: not (site.home / "certs" / "former").exists(), "the former one is gone")


async def test_the_private_key_leaves_the_device_nowhere(site, root):
    await renew(site, root)
    blob = (site.home / "certs" / "client").read_bytes()
    key = blob[2 : 2 + int.from_bytes(blob[:2], "little")]
    scalar = key[7:39]
    assert key[:7] == bytes.fromhex("30770201010420")
    await site.answer("status", "Certificates: ")
    await site.order("GetConfiguration")
    told = site.firmware.text + "".join(str(m.raw) for m in site.central.messages.after(0))
    for secret in (scalar.hex(), str(int.from_bytes(scalar, "big")), ssl.DER_cert_to_PEM_cert(key)[28:60]):
        assert secret.lower() not in told.lower()


async def test_tc_075_1_install_a_manufacturer_root_certificate(site):
    maker = pki.Authority("Manufacturer", key="RSA2048")
    assert await install(site, maker, MANUFACTURER) == "Accepted"
    assert await listed(site, MANUFACTURER) == [hash_data(maker, maker)]
    assert await delete(site, hash_data(maker, maker)) == "Accepted"
    assert await listed(site, MANUFACTURER) == []


async def test_tc_075_2_install_a_central_system_root_certificate(site, root):
    other = pki.Authority("Another root")
    assert await install(site, other, CENTRAL_SYSTEM) == "Accepted"
    assert {entry["serial_number"]: entry for entry in await listed(site, CENTRAL_SYSTEM)} == {
        entry["serial_number"]: entry for entry in (hash_data(root, root), hash_data(other, other))
    }
    connections = site.central.connections
    await site.central.close_socket()
    await site.reconnected(connections)  # it believes both
    assert await delete(site, hash_data(other, other)) == "Accepted"


async def test_tc_076_delete_a_certificate(site, root):
    other = pki.Authority("To be deleted")
    assert await install(site, other, CENTRAL_SYSTEM) == "Accepted"
    data = hash_data(other, other)
    assert data in await listed(site, CENTRAL_SYSTEM)
    assert await delete(site, data) == "Accepted"
    assert data not in await listed(site, CENTRAL_SYSTEM)
    assert await delete(site, data) == "NotFound"


async def test_a_root_in_use_cannot_be_deleted(site, root):
    assert await delete(site, hash_data(root, root)) == "Failed"
    assert await listed(site, CENTRAL_SYSTEM) == [hash_data(root, root)]


@pytest.mark.parametrize("kind", [CENTRAL_SYSTEM, MANUFACTURER])
async def test_a_root_that_is_none_is_rejected(site, root, kind):
    before = await listed(site, kind)
    for certificate in (root.issue("no authority"), pki.Authority("Old", **pki.expired())):
        assert await install(site, certificate, kind) == "Rejected"
    assert await listed(site, kind) == before


async def test_an_invalid_charge_point_certificate(site, root):
    good = await renew(site, root)
    request, connections = await requested(site), site.central.connections
    stranger = pki.Authority(root.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    for chain in (
        stranger.answer_csr(request).pem,
        root.answer_csr(request, **pki.expired()).pem,
        root.issue("CP-1", client=True).pem,
        "nothing",
    ):
        since = site.firmware.mark
        assert await deliver(site, chain) == "Rejected"
        await site.printed("certificate refused: ", since)
    assert site.central.connections == connections and shown_to(site) == good.der
    assert await deliver(site, root.answer_csr(request).pem) == "Accepted"  # the request still stands
    await site.reconnected(connections)


async def test_a_certificate_that_begins_later_is_accepted(site, root):
    good = await renew(site, root)
    later = datetime.datetime.now(datetime.timezone.utc) + pki.DAY
    chain = root.answer_csr(await requested(site), not_before=later).pem
    assert await deliver(site, chain) == "Accepted"
    assert shown_to(site) == good.der and (site.home / "certs" / "next").exists()
