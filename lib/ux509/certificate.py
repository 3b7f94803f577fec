"""X.509 certificates (RFC 5280), read; nothing is verified here but the form."""

from micropython import const

from .der import BIT_STRING, CONTEXT, NULL, OCTET_STRING, OID, SEQUENCE, reader
from .names import COMMON_NAME, ORGANIZATION, text_of, time

CERTIFICATE_MAX = const(8192)  # bytes
_EXTENSIONS_MAX = const(32)
_HOSTS_MAX = const(32)
_USAGES_MAX = const(16)

KEY_CERT_SIGN = const(0x0400)  # bits of `key_usage`: the first one of the extension is 0x8000
DIGITAL_SIGNATURE = const(0x8000)
CLIENT_AUTH = b"\x2b\x06\x01\x05\x05\x07\x03\x02"
CODE_SIGNING = b"\x2b\x06\x01\x05\x05\x07\x03\x03"

_SUBJECT_KEY_ID = const(b"\x55\x1d\x0e")
_KEY_USAGE = const(b"\x55\x1d\x0f")
_SUBJECT_ALT_NAME = const(b"\x55\x1d\x11")
_BASIC_CONSTRAINTS = const(b"\x55\x1d\x13")
_AUTHORITY_KEY_ID = const(b"\x55\x1d\x23")
_EXT_KEY_USAGE = const(b"\x55\x1d\x25")
_DNS_NAME = const(0x82)
_KEY_ID = const(0x80)


class Certificate:
    """A certificate. Raises ValueError if `der` (bytes) is none.

    ``tbs``, ``subject``, ``issuer``, ``spki`` (SubjectPublicKeyInfo), ``algorithm`` (of the signature): DER.
    ``serial``: int. ``serial_hex``: as OCPP writes it: no leading zeros, lower case.
    ``not_before``, ``not_after``: seconds since 1970, UTC. ``key``: the public key's bits, ``signature``: its bytes.
    ``is_ca``, ``path_length`` (None: any), ``key_usage`` (16 bits, None: absent), ``extended_usage`` (tuple of OIDs,
    None: absent), ``hosts`` (dNSNames), ``subject_key_id``, ``authority_key_id`` (bytes or None),
    ``unknown_critical`` (an OID, or None): who decides by the certificate must refuse it.
    """

    def __init__(self, der):
        if len(der) > CERTIFICATE_MAX:
            raise ValueError("X.509: a certificate of %d bytes" % len(der))
        self.der = der
        self.is_ca = False
        self.path_length = self.key_usage = self.extended_usage = None
        self.subject_key_id = self.authority_key_id = self.unknown_critical = None
        self.hosts = ()
        outer = reader(der)
        start = outer.at
        tbs = outer.enter(SEQUENCE)
        self.tbs = der[start : outer.at]
        self.algorithm = outer.raw()
        self.signature = outer.bits()
        outer.done()
        self._read_tbs(tbs)

    def _read_tbs(self, tbs):
        version = tbs.optional(CONTEXT)
        number = 0 if version is None else version.integer()
        if version is not None:
            version.done()
        self.serial = tbs.integer()
        if not 0 <= self.serial < 1 << 160:  # RFC 5280, section 4.1.2.2; OCPP has room for 40 digits
            raise ValueError("X.509: a serial number that is negative or too long")
        if tbs.raw() != self.algorithm:
            raise ValueError("X.509: two different signature algorithms")
        self.issuer = _name(tbs)
        validity = tbs.enter(SEQUENCE)
        self.not_before = time(validity)
        self.not_after = time(validity)
        validity.done()
        self.subject = _name(tbs)
        self.spki = tbs.raw()
        self.key = key_bits(self.spki)
        for tag in (0x81, 0x82):  # unique identifiers: not in use
            tbs.optional(tag)
        extensions = tbs.optional(CONTEXT + 3)
        tbs.done()
        if number not in (0, 1, 2) or extensions is not None and number != 2:
            raise ValueError("X.509: no version that has what is in it")
        if extensions is not None:
            self._read_extensions(extensions)

    def _read_extensions(self, outer):
        extensions = outer.enter(SEQUENCE)
        outer.done()
        seen = []
        while extensions.tag() != -1:
            extension = extensions.enter(SEQUENCE)
            oid = extension.content(OID)
            critical = extension.tag() == 1 and extension.boolean()
            value = extension.enter(OCTET_STRING)
            extension.done()
            if oid in seen or len(seen) == _EXTENSIONS_MAX:
                raise ValueError("X.509: an extension twice, or too many")
            seen.append(oid)
            read = _EXTENSIONS.get(oid)
            if read is not None:
                read(self, value)
            elif critical:
                self.unknown_critical = oid

    @property
    def common_name(self):
        """CN of the subject, or None. Raises ValueError."""
        return text_of(self.subject, COMMON_NAME)

    @property
    def organization(self):
        """O of the subject, or None. Raises ValueError."""
        return text_of(self.subject, ORGANIZATION)

    @property
    def serial_hex(self):
        return "%x" % self.serial

    @property
    def self_issued(self):
        """Is the subject the issuer? (Whether it signed itself: `verify`.)"""
        return self.subject == self.issuer


def _name(tbs):
    """The next element of `tbs`, checked to be a name."""
    name = tbs.raw()
    text_of(name, b"")
    return name


def key_bits(spki):
    """The bits of the public key in a SubjectPublicKeyInfo (DER): what OCPP's issuerKeyHash is made of."""
    info = reader(spki)
    info.enter(SEQUENCE)
    bits = info.bits()
    info.done()
    return bits


def algorithm_of(identifier):
    """(OID, Reader of its parameters) of an AlgorithmIdentifier (DER)."""
    parts = reader(identifier)
    return parts.content(OID), parts


def no_parameters(parts):
    """Check that the parameters are NULL or not there."""
    null = parts.optional(NULL)
    if null is not None:
        null.done()
    parts.done()


# --- extensions: each reads its value into the certificate ------------------------------------------------------------


def _basic_constraints(certificate, value):
    parts = value.enter(SEQUENCE)
    value.done()
    certificate.is_ca = parts.tag() == 1 and parts.boolean()
    if parts.tag() != -1:
        certificate.path_length = parts.integer()
        if certificate.path_length < 0 or not certificate.is_ca:
            raise ValueError("X.509: a path length that makes no sense")
    parts.done()


def _key_usage(certificate, value):
    content = value.content(BIT_STRING)
    value.done()
    if not 2 <= len(content) <= 3 or content[0] > 7 or content[-1] & ((1 << content[0]) - 1):
        raise ValueError("X.509: no key usage")
    certificate.key_usage = content[1] << 8 | (content[2] if len(content) > 2 else 0)


def _extended_usage(certificate, value):
    parts = value.enter(SEQUENCE)
    value.done()
    found = []
    while parts.tag() != -1:
        found.append(parts.content(OID))
        if len(found) > _USAGES_MAX:
            raise ValueError("X.509: too many usages")
    certificate.extended_usage = tuple(found)


def _alternative_names(certificate, value):
    parts = value.enter(SEQUENCE)
    value.done()
    found = []
    while parts.tag() != -1:
        tag = parts.tag()
        content = parts.content(tag)
        if tag == _DNS_NAME:
            found.append(content.decode())
        if len(found) > _HOSTS_MAX:
            raise ValueError("X.509: too many names")
    certificate.hosts = tuple(found)


def _subject_key_id(certificate, value):
    certificate.subject_key_id = value.content(OCTET_STRING)
    value.done()


def _authority_key_id(certificate, value):
    parts = value.enter(SEQUENCE)
    value.done()
    if parts.tag() == _KEY_ID:
        certificate.authority_key_id = parts.content(_KEY_ID)


_EXTENSIONS = {
    _SUBJECT_KEY_ID: _subject_key_id,
    _KEY_USAGE: _key_usage,
    _SUBJECT_ALT_NAME: _alternative_names,
    _BASIC_CONSTRAINTS: _basic_constraints,
    _AUTHORITY_KEY_ID: _authority_key_id,
    _EXT_KEY_USAGE: _extended_usage,
}
