"""ux509 inside MicroPython reads what the ``cryptography`` package wrote, and nothing that is malformed."""

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier
from ux509_process import MESSAGE


@pytest.mark.parametrize("key", ["P256", "RSA2048"])
def test_every_field_is_read_as_cryptography_reads_it(ux509, root, key):
    issued = root.issue(
        "CP-1", organization="Größe & Söhne", key=key, hosts=("cp-1.example", "127.0.0.1", "b.example"), client=True
    )
    theirs = issued.certificate
    ours = ux509.ask("read", der=issued.der.hex())
    oids = [ObjectIdentifier(oid) for oid in ("2.5.29.14", "2.5.29.35")]
    subject_id, authority_id = (theirs.extensions.get_extension_for_oid(oid).value for oid in oids)
    public = theirs.public_key()
    assert ours == {
        "tbs": theirs.tbs_certificate_bytes.hex(),
        "subject": theirs.subject.public_bytes().hex(),
        "issuer": theirs.issuer.public_bytes().hex(),
        "spki": issued.spki.hex(),
        "algorithm": "300a06082a8648ce3d040302",
        "serial_hex": f"{theirs.serial_number:x}",
        "not_before": int(theirs.not_valid_before_utc.timestamp()),
        "not_after": int(theirs.not_valid_after_utc.timestamp()),
        "key": public.public_bytes(
            *(
                (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
                if key == "P256"
                else (serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
            )
        ).hex(),
        "signature": theirs.signature.hex(),
        "is_ca": False,
        "path_length": None,
        "key_usage": 0x8000,
        "extended_usage": ["2b06010505070302"],
        "hosts": ["cp-1.example", "b.example"],
        "subject_key_id": subject_id.digest.hex(),
        "authority_key_id": authority_id.key_identifier.hex(),
        "unknown_critical": None,
        "common_name": "CP-1",
        "organization": "Größe & Söhne",
        "self_issued": False,
    }


def test_an_authority_is_read(ux509, root):
    ours = ux509.ask("read", der=root.authority("Middle", path_length=3).der.hex())
    assert (ours["is_ca"], ours["path_length"], ours["key_usage"]) == (True, 3, 0x0600)
    assert ux509.ask("read", der=root.der.hex())["self_issued"] is True


def test_dates_before_and_after_2050_are_read(ux509, root):
    times = {"not_before": pki.NOW.replace(year=1970, month=2, day=28), "not_after": pki.NOW.replace(year=2072)}
    ours = ux509.ask("read", der=root.issue("old", **times).der.hex())
    assert (ours["not_before"], ours["not_after"]) == tuple(int(t.timestamp()) for t in times.values())


@pytest.mark.parametrize("kind", ["PrintableString", "UTF8String", "IA5String", "T61String", "BMPString"])
def test_names_are_read_in_every_kind_of_string(ux509, root, kind):
    text = "Hütte" if kind in ("UTF8String", "BMPString") else "Hutte"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, _ASN1Type[kind])])
    key = pki.new_key()
    issued = pki.Issued(root.certify(name, key.public_key()), key)
    assert ux509.ask("read", der=issued.der.hex())["common_name"] == text


def test_pem_there_and_back(ux509, root):
    middle = root.authority("Middle")
    text = f"issued by hand\r\n{middle.pem}\nand\n{root.pem.replace(chr(10), chr(13) + chr(10))}"
    assert ux509.ask("pem", text=text) == [middle.der.hex(), root.der.hex()]
    assert ux509.ask("to_pem", der=root.der.hex()) == root.pem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nMIIB",
        "-----BEGIN CERTIFICATE-----\nM*IB\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIBA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 9,
        "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----",
    ],
)
def test_broken_pem_is_a_value_error(ux509, text):
    assert ux509.ask("pem", text=text)["raised"] == "ValueError"


def test_hash_data_is_that_of_rfc_6960(ux509, root, rsa_root):
    """OCSP names a certificate in the same way: its request, made by ``cryptography``, has the same hashes."""
    for issuer in (root, rsa_root):
        for subject in (issuer, issuer.issue("CP-1", serial=0x0ABC)):
            request = (
                ocsp.OCSPRequestBuilder()
                .add_certificate(subject.certificate, issuer.certificate, hashes.SHA256())
                .build()
            )
            assert ux509.ask("hash_data", der=subject.der.hex(), issuer=issuer.der.hex()) == {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": request.issuer_name_hash.hex(),
                "issuerKeyHash": request.issuer_key_hash.hex(),
                "serialNumber": f"{subject.certificate.serial_number:x}",
            }


@pytest.mark.parametrize("seed", [1, 20261126])
@pytest.mark.parametrize("kind", ["P256", "RSA2048"])
def test_whatever_is_malformed_is_a_value_error(ux509, kind, seed):
    authority = pki.Authority("Root", key=kind, pss=kind != "P256")
    leaf = authority.issue("CP-1", key=kind, hosts=("a.example", "10.0.0.1"), client=True, pss=kind != "P256")
    signature = leaf.sign(MESSAGE).hex()
    counts = ux509.ask("fuzz", der=leaf.der.hex(), spki=leaf.spki.hex(), signature=signature, count=1500, seed=seed)
    assert counts.pop("signatures taken") == 0
    assert counts.pop("ValueError") > 1500
    assert set(counts) <= {"taken"}, counts


def test_deep_nesting_and_huge_lengths_are_value_errors(ux509):
    deep = b""
    for _ in range(2000):
        deep = b"\x30\x83" + len(deep).to_bytes(3, "big") + deep
    for der in (b"\x30\x80" + bytes(100), b"\x30\x84\xff\xff\xff\xff", b"\x1f\x81\x01\x00", bytes(9000), deep):
        assert ux509.ask("read", der=der.hex())["raised"] == "ValueError"
