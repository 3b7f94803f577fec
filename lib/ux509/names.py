"""X.501 names (RFC 5280, section 4.1.2.4) and times (section 4.1.2.5)."""

from micropython import const

from .der import OID, PRINTABLE, SEQUENCE, SET, UTF8, element, reader, sequence

COMMON_NAME = b"\x55\x04\x03"
SERIAL_NUMBER = b"\x55\x04\x05"
COUNTRY = b"\x55\x04\x06"
ORGANIZATION = b"\x55\x04\x0a"
_BMP = const(0x1E)
_TEXTS = const((0x0C, 0x13, 0x14, 0x16, 0x1A))  # UTF8, Printable, Teletex, IA5, Visible
_PRINTABLE = const("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_UTC_TIME = const(0x17)
_GENERALIZED = const(0x18)


def text_of(name, oid):
    """The text of the first attribute with this OID in a name (DER), or None. Raises ValueError."""
    relative = reader(name)
    while relative.tag() != -1:
        attributes = relative.enter(SET)
        while attributes.tag() != -1:
            attribute = attributes.enter(SEQUENCE)
            found = attribute.content(OID) == oid
            tag = attribute.tag()
            content = attribute.content(tag)
            attribute.done()
            if found:
                return _decode(tag, content)
    return None


def _decode(tag, content):
    if tag == _BMP:
        if len(content) % 2:
            raise ValueError("X.509: half a character")
        return "".join([chr(content[i] << 8 | content[i + 1]) for i in range(0, len(content), 2)])
    if tag not in _TEXTS:
        raise ValueError("X.509: a name that is no text")
    try:
        return content.decode()
    except UnicodeError:  # Teletex in the wild is Latin-1
        return "".join([chr(byte) for byte in content])


def name(*attributes):
    """A name (DER) of (OID, text) pairs."""
    parts = []
    for oid, text in attributes:
        tag = PRINTABLE if oid in (COUNTRY, SERIAL_NUMBER) and all(c in _PRINTABLE for c in text) else UTF8
        attribute = sequence(element(OID, oid), element(tag, text.encode()))
        parts.append(element(SET, attribute))
    return sequence(*parts)


def time(reader):
    """The next element, a time of a certificate, in seconds since 1970-01-01 UTC. Raises ValueError."""
    tag = reader.tag()
    if tag not in (_UTC_TIME, _GENERALIZED):
        raise ValueError("X.509: no time")
    content = reader.content(tag)
    digits = 12 if tag == _UTC_TIME else 14
    if len(content) != digits + 1 or content[-1] != 0x5A or not content[:digits].isdigit():
        raise ValueError("X.509: a time that is not in the form of RFC 5280")
    at = digits - 10
    year = int(content[:at])
    if tag == _UTC_TIME:
        year += 1900 if year >= 50 else 2000
    month, day, hour, minute, second = [int(content[i : i + 2]) for i in range(at, digits, 2)]
    if not (1 <= month <= 12 and 1 <= day <= _month_days(year, month) and hour < 24 and minute < 60 and second < 60):
        raise ValueError("X.509: no such time")
    return (_days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second


def _month_days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days(year, month, day):
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
