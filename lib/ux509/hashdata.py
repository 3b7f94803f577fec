"""CertificateHashData of OCPP: how a central system names a certificate (after RFC 6960, CertID)."""

import binascii
import hashlib

from .certificate import key_bits


def issuer_key_hash(spki):
    """SHA-256 of the bits of a public key (SubjectPublicKeyInfo, DER), in hex."""
    return hex_of(hashlib.sha256(key_bits(spki)).digest())


def certificate_hash_data(certificate, key_hash):
    """The dict for a Certificate; `key_hash`: `issuer_key_hash` of its issuer's key."""
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hex_of(hashlib.sha256(certificate.issuer).digest()),
        "issuerKeyHash": key_hash,
        "serialNumber": certificate.serial_hex,
    }


def hex_of(data):
    """Bytes in hex, lower case."""
    return binascii.hexlify(data).decode()
