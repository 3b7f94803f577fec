"""Signatures of the ``cryptography`` package verified by ux509 inside MicroPython, and the other way round."""

import hashlib

import pki
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID
from ux509_process import DIGEST, MESSAGE, UTC

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def rsa_4096():
    return pki.Authority("Large RSA Root", key="RSA4096")


@pytest.mark.parametrize("signer, pss", [("root", False), ("rsa_root", False), ("rsa_root", True), ("rsa_4096", False)])
def test_signatures_of_cryptography_are_verified(ux509, request, signer, pss):
    signer = request.getfixturevalue(signer)
    signature = signer.sign(MESSAGE, pss=pss)
    assert ux509.digest(signer.spki, signature) is True
    assert ux509.digest(signer.spki, signature, hashlib.sha256(b"another").digest()) is False
    for at in (0, 10, len(signature) // 2, len(signature) - 1):
        broken = bytearray(signature)
        broken[at] ^= 4
        assert ux509.digest(signer.spki, bytes(broken)) is False, at
    for wrong in (b"", signature[:-1], signature + b"\x00", bytes(len(signature)), b"\xff" * len(signature)):
        assert ux509.digest(signer.spki, wrong) is False
    assert ux509.digest(pki.spki_of(pki.new_key().public_key()), signature) is False


@pytest.mark.parametrize("salt", [0, 20, 32, 222])
def test_pss_with_any_salt(ux509, rsa_root, salt):
    signature = rsa_root.key.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
    assert ux509.digest(rsa_root.spki, signature) is True


def test_pss_of_a_modulus_that_has_one_bit_more_than_whole_bytes(ux509):
    key = rsa.generate_private_key(65537, 2049)
    signer = pki.Authority("Signer", key=key)
    for pss in (True, False):
        signature = signer.sign(MESSAGE, pss=pss)
        assert ux509.digest(signer.spki, signature) is True
        assert ux509.digest(signer.spki, signature, bytes(32)) is False


def test_other_hashes_are_no_signatures_of_ours(ux509, rsa_root, root):
    for digest in (hashes.SHA384(), hashes.SHA1()):
        assert ux509.digest(rsa_root.spki, rsa_root.key.sign(MESSAGE, padding.PKCS1v15(), digest)) is False
    scheme = padding.PSS(padding.MGF1(hashes.SHA512()), 32)
    assert ux509.digest(rsa_root.spki, rsa_root.key.sign(MESSAGE, scheme, hashes.SHA256())) is False
    assert ux509.digest(root.spki, root.key.sign(MESSAGE, ec.ECDSA(hashes.SHA512()))) is False


def test_pkcs1_with_short_padding_is_refused(ux509, rsa_root):
    """Bleichenbacher's forgery leaves garbage behind the digest; the padding must fill all there is."""
    numbers = rsa_root.key.private_numbers()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + DIGEST
    for encoded in (
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + bytes(256 - 11 - len(info)),
        b"\x00\x01" + b"\xff" * (256 - 3 - len(DIGEST)) + b"\x00" + DIGEST,
        b"\x00\x02" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info,
        bytes(256),
    ):
        signature = pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
        assert ux509.digest(rsa_root.spki, signature) is False
    encoded = b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
    signature = pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    assert ux509.digest(rsa_root.spki, signature) is True  # so it was the padding that made the others wrong


def test_ecdsa_numbers_out_of_range_are_refused(ux509, root):
    r, s = decode_dss_signature(root.sign(MESSAGE))
    assert (
        ux509.digest(root.spki, encode_dss_signature(r, N - s)) is True
    )  # the same equation; only the number of it differs
    for pair in ((0, s), (r, 0), (N, s), (r, N), (r + N, s), (r, s + N), (N - r, s), (s, r)):
        assert ux509.digest(root.spki, encode_dss_signature(*pair)) is False
    assert ux509.digest(root.spki, bytes.fromhex("3006020101020101")) is False


@pytest.mark.parametrize(
    "bits, exponent", [(1024, 65537), (2047, 65537), (4097, 65537), (4608, 65537), (2048, 2**32 + 1)]
)
def test_rsa_keys_that_are_too_small_or_large_are_refused(ux509, bits, exponent):
    numbers = rsa.RSAPublicNumbers(exponent, (1 << bits - 1) + 1)
    answer = ux509.digest(pki.spki_of(numbers.public_key()), bytes((bits + 7) // 8))
    assert answer["raised"] == "ValueError" and "RSA" in answer["text"], answer


@pytest.mark.parametrize("modulus, exponent", [(1 << 2047, 65537), ((1 << 2047) + 1, 65536)])
def test_rsa_keys_that_cannot_be_are_refused(ux509, modulus, exponent):
    """Numbers that ``cryptography`` refuses as well, so they are written into a good key's place."""
    good = rsa.RSAPublicNumbers(65537, (1 << 2047) + 1)
    spki = pki.spki_of(good.public_key()).replace(good.n.to_bytes(256, "big"), modulus.to_bytes(256, "big"))
    spki = spki.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03" + exponent.to_bytes(3, "big"))
    assert ux509.digest(spki, bytes(256))["raised"] == "ValueError"


def test_keys_of_other_kinds_are_refused(ux509, root):
    for key in (pki.new_key("P384"), ed25519.Ed25519PrivateKey.generate()):
        assert ux509.digest(pki.spki_of(key.public_key()), bytes(64))["raised"] == "ValueError"
    off_the_curve = bytearray(root.spki)
    off_the_curve[-1] ^= 1
    assert "not on the curve" in ux509.digest(bytes(off_the_curve), root.sign(MESSAGE))["text"]


def test_requests_keys_and_signatures_of_ours(ux509, root):
    ours = ux509.ask("request", common_name="CP-0001", organization="Größe & Söhne")
    request = x509.load_pem_x509_csr(ours["csr"].encode())
    assert request.is_signature_valid and list(request.extensions) == []
    assert [(a.oid, a.value) for a in request.subject] == [
        (NameOID.ORGANIZATION_NAME, "Größe & Söhne"),
        (NameOID.COMMON_NAME, "CP-0001"),
    ]
    key = serialization.load_der_private_key(bytes.fromhex(ours["key"]), None)
    assert key.public_key() == request.public_key() and pki.spki_of(key.public_key()).hex() == ours["spki"]
    signature = bytes.fromhex(ours["signature"])
    request.public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        request.public_key().verify(signature, b"massage", ec.ECDSA(hashes.SHA256()))
    issued = root.answer_csr(ours["csr"])
    assert ux509.chain(issued, roots=(root,)) == root.der
    assert ux509.ask("loads", certificate=issued.der.hex(), key=ours["key"], root=root.der.hex()) is True


def test_keys_differ(ux509):
    made = [ux509.ask("request", common_name="a", organization="b") for _ in range(3)]
    assert len({ours["key"] for ours in made}) == 3


@pytest.mark.parametrize(
    "scalar", [1, 2, 3, 4, 5, 16, 2**128 - 1, 2**128, 2**128 + 1, 2**255 + 7, N // 2, N // 2 + 1, N - 2, N - 1]
)
def test_multiples_of_the_base_point(ux509, scalar):
    public = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    theirs = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert ux509.ask("public", scalar=f"{scalar:x}") == theirs.hex()


def test_the_loop_goes_on_meanwhile(ux509, rsa_4096):
    """No step of any work is long, in processor time: a busy machine may stop us anywhere."""
    root = rsa_4096
    leaf = root.issue("CP-1")
    works = {
        "RSA 4096": {"do": "chain", "chain": [leaf.der.hex()], "roots": [root.der.hex()], "utc": UTC},
        "ECDSA": {
            "do": "digest",
            "spki": leaf.spki.hex(),
            "digest": DIGEST.hex(),
            "signature": leaf.sign(MESSAGE).hex(),
        },
        "key and request": {"do": "request", "common_name": "a", "organization": "b"},
    }
    for name, arguments in works.items():
        answer, took_us, steps, longest_us = ux509.ask("steps", work=arguments)
        assert took_us > 0 and longest_us < 30_000, (name, took_us, longest_us)
        assert steps >= 16, (name, steps)
