"""PEM (RFC 7468) to DER and back."""

import binascii
from micropython import const

CERTIFICATES_MAX = const(8)  # in one text
_LINE = const(48)  # bytes in a line of 64 characters


def decode(text, label="CERTIFICATE", most=CERTIFICATES_MAX):
    """The DER (bytes) of all blocks of a label in a text (str or bytes), in their order.

    What stands between the blocks is skipped. Raises ValueError: no such block, more than `most`, or a broken one.
    """
    if isinstance(text, str):
        text = text.encode()
    begin, end = b"-----BEGIN %s-----" % label.encode(), b"-----END %s-----" % label.encode()
    found = []
    at = text.find(begin)
    while at >= 0:
        at += len(begin)
        to = text.find(end, at)
        if to < 0 or len(found) == most:
            raise ValueError("PEM: no end" if to < 0 else "PEM: too many blocks")
        found.append(_decode(text[at:to]))
        at = text.find(begin, to)
    if not found:
        raise ValueError("PEM: no " + label)
    return found


def _decode(text):
    for byte in text:
        if not (byte in b"\r\n\t +/=" or 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A):
            raise ValueError("PEM: no base64")
    return binascii.a2b_base64(text)


def encode(data, label="CERTIFICATE"):
    """The PEM text (str) of DER (bytes)."""
    lines = ["-----BEGIN %s-----\n" % label]
    for at in range(0, len(data), _LINE):
        lines.append(binascii.b2a_base64(data[at : at + _LINE]).decode())
    lines.append("-----END %s-----\n" % label)
    return "".join(lines)
