"""Signatures of every supported kind, and chains of certificates (RFC 5280, section 6).

Supported are RSA (PKCS #1 v1.5 and PSS, 2048 to 4096 bits) and ECDSA with P-256, all with SHA-256. What is signed with
SHA-1, SHA-384 or SHA-512, or on another curve, cannot be verified, so it is refused: MicroPython's hashlib has no more.
"""

import hashlib
from micropython import const

from . import ecdsa
from .certificate import KEY_CERT_SIGN, Certificate, algorithm_of, no_parameters
from .der import CONTEXT, OID, SEQUENCE, reader
from .rsa import PublicKey, is_pkcs1, is_pss

CHAIN_MAX = const(6)  # certificates, without the root

EXPIRED = "expired"
NOT_YET_VALID = "not yet valid"
UNKNOWN_ISSUER = "unknown issuer"
BAD_SIGNATURE = "bad signature"
NOT_A_CA = "issued by what is not a CA"
UNKNOWN_CRITICAL = "unknown critical extension"
PATH_LENGTH = "path too long"
UNSUPPORTED = "unsupported algorithm or key"

_RSA = const(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
_RSA_SHA256 = const(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b")
_PSS = const(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")
_MGF1 = const(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08")
_SHA256 = const(b"\x60\x86\x48\x01\x65\x03\x04\x02\x01")
_EC = const(b"\x2a\x86\x48\xce\x3d\x02\x01")
_P256 = const(b"\x2a\x86\x48\xce\x3d\x03\x01\x07")
_ECDSA_SHA256 = const(b"\x2a\x86\x48\xce\x3d\x04\x03\x02")


class Untrusted(Exception):
    """A chain that must not be trusted: ``reason`` is one of this module's constants, ``level`` the certificate's
    place in the chain, 0 for the first."""

    def __init__(self, reason, level=0):
        super().__init__("%s (certificate %d)" % (reason, level))
        self.reason = reason
        self.level = level


async def verify_digest(spki, digest, signature):
    """Is `signature` of the SHA-256 `digest` by the key in a SubjectPublicKeyInfo (DER)? All three are bytes.

    The key determines how: ECDSA (DER) for a P-256 key; PKCS #1 v1.5, or PSS with any salt, for an RSA key.
    Raises ValueError: a key that is malformed or of no supported kind.
    """
    if len(digest) != 32:
        raise ValueError("no SHA-256 digest")
    kind, key = _read_key(spki)
    if kind == _EC:
        return await ecdsa.verify(key, digest, signature)
    encoded = await key.recover(signature)
    return encoded is not None and (is_pkcs1(encoded, digest) or is_pss(encoded, digest, key.bits))


def _read_key(spki):
    """(kind, key): _EC and 65 bytes, or _RSA and a PublicKey. Raises ValueError."""
    parts = reader(spki)
    kind, parameters = algorithm_of(parts.raw())
    bits = parts.bits()
    parts.done()
    if kind == _EC:
        curve = parameters.content(OID)
        parameters.done()
        if curve != _P256:
            raise ValueError("a key on another curve than P-256")
        return kind, bits
    if kind not in (_RSA, _PSS):
        raise ValueError("a key that is neither RSA nor P-256")
    numbers = reader(bits)
    key = PublicKey(numbers.integer(), numbers.integer())
    numbers.done()
    return _RSA, key


def check_key(spki):
    """Check that a key (SubjectPublicKeyInfo, DER) is one that signatures can be verified with. Raises ValueError."""
    kind, key = _read_key(spki)
    if kind == _EC:
        ecdsa.p256.decode(key)


async def is_signed_by(certificate, spki):
    """Is the certificate's signature by this key (DER)? Raises ValueError: another algorithm, or a malformed key."""
    algorithm, parameters = algorithm_of(certificate.algorithm)
    kind, key = _read_key(spki)
    digest = hashlib.sha256(certificate.tbs).digest()
    if algorithm == _ECDSA_SHA256 and kind == _EC:
        no_parameters(parameters)
        return await ecdsa.verify(key, digest, certificate.signature)
    if kind != _RSA or algorithm not in (_RSA_SHA256, _PSS):
        raise ValueError("a signature that the key cannot have made, or not with SHA-256")
    if algorithm == _PSS:
        salt_length = _pss_salt(parameters)
    else:
        no_parameters(parameters)
    encoded = await key.recover(certificate.signature)
    if encoded is None:
        return False
    return is_pss(encoded, digest, key.bits, salt_length) if algorithm == _PSS else is_pkcs1(encoded, digest)


def _pss_salt(parameters):
    """The salt's length in RSASSA-PSS-params (RFC 4055), which must have SHA-256 twice. Raises ValueError."""
    outer = parameters.enter(SEQUENCE)
    parameters.done()
    hash = outer.enter(CONTEXT)
    _expect_sha256(hash.raw())
    hash.done()
    mask = outer.enter(CONTEXT + 1)
    oid, inner = algorithm_of(mask.raw())
    mask.done()
    if oid != _MGF1:
        raise ValueError("PSS: not MGF1")
    _expect_sha256(inner.raw())
    inner.done()
    salt = outer.optional(CONTEXT + 2)
    length = 20 if salt is None else salt.integer()
    trailer = outer.optional(CONTEXT + 3)
    if trailer is not None and trailer.integer() != 1 or length < 0:
        raise ValueError("PSS: impossible parameters")
    outer.done()
    return length


def _expect_sha256(identifier):
    oid, parameters = algorithm_of(identifier)
    no_parameters(parameters)
    if oid != _SHA256:
        raise ValueError("PSS: not SHA-256")


async def verify_chain(chain, roots, utc):
    """Verify a chain of Certificates, the first of which is in question, up to one of `roots`; returns that root.

    `chain`: its order after the first one does not matter; superfluous ones do no harm. `roots`: an iterable of DER;
    those that are no certificate are passed over. `utc`: seconds since 1970; None leaves validity unchecked.
    Raises Untrusted. Names are compared as bytes; name constraints, policies and revocation are not looked at (a
    critical extension that requires them is refused).
    """
    if not 1 <= len(chain) <= CHAIN_MAX:
        raise Untrusted(PATH_LENGTH)
    path = _path(chain)
    level, root = await _anchor(path, roots)
    path = path[: level + 1]
    path.append(root)
    for at, certificate in enumerate(path):
        _check(certificate, at, utc)
        if 0 < at < level + 1 and not await _signed(path[at - 1], certificate, at - 1):
            raise Untrusted(BAD_SIGNATURE, at - 1)
    return root


def _path(chain):
    """The first certificate and, by their names, those above it."""
    path = [chain[0]]
    rest = list(chain[1:])
    while not path[-1].self_issued:
        for candidate in rest:
            if _may_be_issuer(candidate, path[-1]):
                path.append(candidate)
                rest.remove(candidate)
                break
        else:
            break
    return path


def _may_be_issuer(issuer, certificate):
    a, b = issuer.subject_key_id, certificate.authority_key_id
    return issuer.subject == certificate.issuer and (a is None or b is None or a == b)


async def _anchor(path, roots):
    """(level, root): the root that signed the path's certificate at that level. Raises Untrusted."""
    refused = None
    for der in roots:
        try:
            root = Certificate(der)
        except ValueError:
            continue
        for level, certificate in enumerate(path):
            if _may_be_issuer(root, certificate):
                if await _signed(certificate, root, level):
                    return level, root
                refused = Untrusted(BAD_SIGNATURE, level)
    raise refused or Untrusted(UNKNOWN_ISSUER, len(path) - 1)


async def _signed(certificate, issuer, level):
    try:
        return await is_signed_by(certificate, issuer.spki)
    except ValueError:
        raise Untrusted(UNSUPPORTED, level)


def _check(certificate, level, utc):
    """Check a certificate's own fields; above level 0 it issued the one below. Raises Untrusted."""
    if certificate.unknown_critical is not None:
        raise Untrusted(UNKNOWN_CRITICAL, level)
    if utc is not None and utc < certificate.not_before:
        raise Untrusted(NOT_YET_VALID, level)
    if utc is not None and utc > certificate.not_after:
        raise Untrusted(EXPIRED, level)
    if level == 0:
        return
    if not certificate.is_ca or certificate.key_usage is not None and not certificate.key_usage & KEY_CERT_SIGN:
        raise Untrusted(NOT_A_CA, level)
    if certificate.path_length is not None and level - 1 > certificate.path_length:
        raise Untrusted(PATH_LENGTH, level)
