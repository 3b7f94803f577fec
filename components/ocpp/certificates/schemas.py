"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_CLOSED = const(-8)
_ARRAY = const(-10)

_CERTIFICATE_HASH_DATA = const((
    _CLOSED, 4,
    "hashAlgorithm", "|SHA256|SHA384|SHA512|",
    "issuerNameHash", 128,
    "issuerKeyHash", 128,
    "serialNumber", 40,
))
_CERTIFICATE_TYPE = const("|CentralSystemRootCertificate|ManufacturerRootCertificate|")
_GET_INSTALLED_CERTIFICATE_IDS_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|NotFound|",
    "certificateHashData", (_ARRAY, _CERTIFICATE_HASH_DATA, 1, -1),
))
_INSTALL_CERTIFICATE = const((
    _CLOSED, 2,
    "certificateType", _CERTIFICATE_TYPE,
    "certificate", 5500,
))

_REQUESTS = const((
    "CertificateSigned", (_CLOSED, 1, "certificateChain", 10000),
    "DeleteCertificate", (_CLOSED, 1, "certificateHashData", _CERTIFICATE_HASH_DATA),
    "GetInstalledCertificateIds", (_CLOSED, 1, "certificateType", _CERTIFICATE_TYPE),
    "InstallCertificate", _INSTALL_CERTIFICATE,
    "SignCertificate", (_CLOSED, 1, "csr", 5500),
))
_RESPONSES = const((
    "CertificateSigned", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "DeleteCertificate", (_CLOSED, 1, "status", "|Accepted|Failed|NotFound|"),
    "GetInstalledCertificateIds", _GET_INSTALLED_CERTIFICATE_IDS_RESPONSE,
    "InstallCertificate", (_CLOSED, 1, "status", "|Accepted|Failed|Rejected|"),
    "SignCertificate", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
