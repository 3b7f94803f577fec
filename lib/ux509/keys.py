"""P-256 keys of our own: made, kept as DER (SEC 1, RFC 5915), and to be certified by a request (PKCS #10, RFC 2986).

What `private_key_der` returns is what MicroPython's ``SSLContext.load_cert_chain(certificate, key)`` takes as key. It
is a secret: keep it out of logs and answers.
"""

import hashlib

from . import ecdsa, names, p256
from .der import BIT_STRING, CONTEXT, OCTET_STRING, OID, bit_string, element, integer, reader, sequence

_P256 = element(OID, b"\x2a\x86\x48\xce\x3d\x03\x01\x07")
_EC_PUBLIC_KEY = element(OID, b"\x2a\x86\x48\xce\x3d\x02\x01")
_ECDSA_SHA256 = sequence(element(OID, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"))


async def new_key():
    """A new private key: (d, the public key's 65 bytes)."""
    d = p256.random_scalar()
    return d, await p256.public_key(d)


def private_key_der(d, public):
    """ECPrivateKey (DER) of a key as `new_key` returns it."""
    return sequence(
        integer(1),
        element(OCTET_STRING, d.to_bytes(32, "big")),
        element(CONTEXT, _P256),
        element(CONTEXT + 1, bit_string(public)),
    )


def read_private_key(der):
    """(d, public key's bytes) of what `private_key_der` wrote. Raises ValueError."""
    parts = reader(der)
    if parts.integer() != 1:
        raise ValueError("no private key")
    d = int.from_bytes(parts.content(OCTET_STRING), "big")
    curve = parts.enter(CONTEXT)
    if curve.raw() != _P256 or not 0 < d < p256.N:
        raise ValueError("no private key of P-256")
    public = parts.enter(CONTEXT + 1).content(BIT_STRING)[1:]
    parts.done()
    p256.decode(public)
    return d, public


def spki(public):
    """SubjectPublicKeyInfo (DER) of a public key's 65 bytes."""
    return sequence(sequence(_EC_PUBLIC_KEY, _P256), bit_string(public))


async def certificate_request(d, public, subject):
    """A PKCS #10 request (DER) for the key; `subject`: (OID, text) pairs, OIDs as in `names`."""
    body = sequence(integer(0), names.name(*subject), spki(public), element(CONTEXT))
    signature = await ecdsa.sign(d, hashlib.sha256(body).digest())
    return sequence(body, _ECDSA_SHA256, bit_string(signature))
