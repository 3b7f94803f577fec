"""Certificates for tests, on the ``cryptography`` package: authorities, what they issue, and TLS contexts of both.

::

    root = Authority("Root")
    middle = root.authority("Intermediate")
    server = middle.issue("127.0.0.1", hosts=("127.0.0.1", "localhost"))
    context = server.server_context(client_roots=(root,))  # mutual TLS with it
    answer = root.answer_csr(csr_pem, serial="CP-1")  # what a CertificateSigned carries
"""

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY


def new_key(kind="P256"):
    """A private key: P256, P384, or RSA with that many bits, such as RSA2048."""
    if kind.startswith("RSA"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    return ec.generate_private_key({"P256": ec.SECP256R1(), "P384": ec.SECP384R1()}[kind])


def spki_of(public_key):
    """A public key as SubjectPublicKeyInfo, DER."""
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def name_of(common_name, organization=None):
    """An X.509 name."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Issued:
    """A certificate, its private key (None if the requester kept it), and the authorities above it, root last."""

    def __init__(self, certificate, key, above=()):
        self.certificate = certificate
        self.key = key
        self.above = tuple(above)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def chain_pem(self) -> str:
        """The certificate and the authorities between it and the root."""
        return self.pem + "".join(authority.pem for authority in self.above[:-1])

    @property
    def spki(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, DER."""
        return spki_of(self.certificate.public_key())

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    @property
    def key_der(self) -> bytes:
        """SEC1 or PKCS#1, which MicroPython's load_cert_chain() takes."""
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return self.key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())

    def sign(self, message: bytes, pss=False) -> bytes:
        """SHA256withECDSA, or SHA256withRSA (PKCS #1 v1.5, or PSS with a salt of 32 bytes)."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else padding.PKCS1v15()
        return self.key.sign(message, scheme, hashes.SHA256())

    def _load(self, context):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chain.pem"
            path.write_text(self.key_pem + self.chain_pem)
            context.load_cert_chain(path)
        return context

    def server_context(self, client_roots=()):
        """A TLS server with this certificate; with `client_roots` it demands a client certificate of theirs."""
        context = self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        if client_roots:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata="".join(root.pem for root in client_roots))
        return context

    def client_context(self, root):
        """A TLS client with this certificate that believes `root`."""
        context = self._load(ssl.create_default_context(cadata=root.pem))
        return context


class Authority(Issued):
    """An authority: self-signed, or below `parent`. Further options as for `certify`."""

    def __init__(self, common_name, parent=None, key="P256", organization="Test", **options):
        key = key if hasattr(key, "public_key") else new_key(key)
        above = () if parent is None else (parent, *parent.above)
        self._name = name_of(common_name, organization)
        self.key = key
        issuer = parent or self
        options.setdefault("ca", True)
        options.setdefault("not_after", NOW + 10 * YEAR)
        super().__init__(issuer.certify(self._name, key.public_key(), **options), key, above)

    def authority(self, common_name, **options):
        """An authority below this one."""
        return Authority(common_name, self, **options)

    def certify(
        self,
        subject,
        public_key,
        *,
        ca=False,
        path_length=None,
        hosts=(),
        client=False,
        usage="default",
        not_before=None,
        not_after=None,
        extensions=(),
        signed_by=None,
        digest=None,
        pss=False,
        serial=None,
        basic="default",
    ):
        """Sign a certificate. `usage`: names of x509.KeyUsage, None for no such extension; `extensions`: further ones,
        (value, critical); `signed_by`: another key than the authority's; `basic`: None for no basicConstraints.
        """
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(not_before or NOW - DAY)
            .not_valid_after(not_after or NOW + YEAR)
        )
        if basic is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, path_length), True)
        if usage == "default":
            usage = ("key_cert_sign", "crl_sign") if ca else ("digital_signature",)
        if usage is not None:
            builder = builder.add_extension(key_usage(usage), True)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([general_name(host) for host in hosts]), False)
        if client:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(authority, False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
        return builder.sign(signed_by or self.key, digest or hashes.SHA256(), rsa_padding=scheme)

    def issue(self, common_name, *, organization="Test", key="P256", **options):
        """Issue a certificate with a key of its own. Options as for `certify`."""
        key = key if hasattr(key, "public_key") else new_key(key)
        certificate = self.certify(name_of(common_name, organization), key.public_key(), **options)
        return Issued(certificate, key, (self, *self.above))

    def answer_csr(self, csr, **options):
        """Issue what a PKCS#10 request (PEM) asks for, after checking its signature."""
        request = x509.load_pem_x509_csr(csr.encode() if isinstance(csr, str) else csr)
        assert request.is_signature_valid
        options.setdefault("client", True)
        certificate = self.certify(request.subject, request.public_key(), **options)
        return Issued(certificate, None, (self, *self.above))


def key_usage(names):
    """The KeyUsage with these."""
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def general_name(host):
    """A host of a certificate: an address or a name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def expired(**options):
    """Options of a certificate that ran out yesterday."""
    return {"not_before": NOW - 30 * DAY, "not_after": NOW - DAY, **options}


def not_yet(**options):
    """Options of a certificate that begins tomorrow."""
    return {"not_before": NOW + DAY, "not_after": NOW + 30 * DAY, **options}
