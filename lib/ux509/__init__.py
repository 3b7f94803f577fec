"""ux509: X.509 certificates, the signatures on them, and certificate requests, in pure MicroPython.

::

    chain = [Certificate(der) for der in pem.decode(text)]
    root = await verify_chain(chain, roots, utc)  # raises Untrusted(reason); roots: DER; utc: seconds since 1970
    good = await verify_digest(chain[0].spki, sha256_digest, signature)
    d, public = await new_key()
    request = pem.encode(await certificate_request(d, public, ((names.COMMON_NAME, "CP-1"),)), "CERTIFICATE REQUEST")
    context.load_cert_chain(chain[0].der, private_key_der(d, public))

- Verified are RSA with 2048 to 4096 bits (PKCS #1 v1.5, PSS) and ECDSA with P-256, made are P-256 keys and signatures.
  SHA-256 only: MicroPython's hashlib has neither SHA-384 nor SHA-512, and what needs them is refused as unsupported.
- What a peer may have written is always checked: a malformed certificate, key or signature is a ValueError (a malformed
  signature is just a wrong one), every size is bounded, nothing calls itself.
- Everything long is a coroutine that lets the event loop go on between short steps.
- Not constant-time, see `p256`. Not looked at: revocation, name constraints, policies, whether a certificate's usage
  (`extended_usage`, `hosts`) is the present one.
- Needs a port with integers of any size (MICROPY_LONGINT_IMPL_MPZ), hashlib.sha256 and, to make keys, a good
  os.urandom.
"""

from . import names, pem
from .certificate import Certificate
from .hashdata import certificate_hash_data, issuer_key_hash
from .keys import certificate_request, new_key, private_key_der, read_private_key, spki
from .verify import Untrusted, check_key, is_signed_by, verify_chain, verify_digest

__all__ = (
    "Certificate",
    "Untrusted",
    "certificate_hash_data",
    "certificate_request",
    "check_key",
    "is_signed_by",
    "issuer_key_hash",
    "names",
    "new_key",
    "pem",
    "private_key_der",
    "read_private_key",
    "spki",
    "verify_chain",
    "verify_digest",
)
