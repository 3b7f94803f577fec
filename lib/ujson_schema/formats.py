"""The string formats date-time (RFC 3339) and uri (RFC 3986).

Both are lenient where central systems differ in practice, so that an answer that can be
understood is not refused. For date-time that is: the offset may be missing (currentTime without
a Z, meant as UTC) or have no colon (+0100), the separator may be a space or a small t, and a
second of 60 is allowed at any minute. Every field has to be in its range, and the day in its month.
"""

from micropython import const

_DIGITS = const("0123456789")
_SHORTEST = const(19)  # 2024-02-29T12:34:56
_SCHEME = const("+-.")
_NOT_IN_URI = const(' "<>\\^`{|}')


def is_date_time(text):
    """Whether text is an RFC 3339 date-time, read leniently as the module describes."""
    if len(text) < _SHORTEST or text[4] != "-" or text[7] != "-" or text[10] not in "Tt ":
        return False
    return _is_date(text) and _is_time(text, 11) and _is_offset(text, _after_fraction(text))


def number_at(text, at, count):
    """The number that the count ASCII digits from index at make, or -1. Makes no slice."""
    number = 0
    for i in range(at, at + count):
        digit = _DIGITS.find(text[i])
        if digit < 0:
            return -1
        number = number * 10 + digit
    return number


def _is_date(text):
    year = number_at(text, 0, 4)
    month = number_at(text, 5, 2)
    return year >= 0 and 1 <= month <= 12 and 1 <= number_at(text, 8, 2) <= _days(year, month)


def _days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _is_time(text, at):
    if text[at + 2] != ":" or text[at + 5] != ":" or not _is_clock(text, at, at + 3):
        return False
    return 0 <= number_at(text, at + 6, 2) <= 60


def _is_clock(text, hour, minute):
    return 0 <= number_at(text, hour, 2) <= 23 and 0 <= number_at(text, minute, 2) <= 59


def _after_fraction(text):
    at = _SHORTEST
    if at == len(text) or text[at] != ".":
        return at
    at += 1
    while at < len(text) and text[at] in _DIGITS:
        at += 1
    return at if at > _SHORTEST + 1 else -1


def _is_offset(text, at):
    if at < 0:
        return False
    left = len(text) - at
    if left == 0:
        return True
    if left == 1:
        return text[at] in "Zz"
    if text[at] not in "+-":
        return False
    if left == 6 and text[at + 3] == ":":
        return _is_clock(text, at + 1, at + 4)
    return left == 5 and _is_clock(text, at + 1, at + 3)


def is_uri(text):
    """Whether text is a scheme, a colon, and something without blanks and unsafe characters."""
    colon = text.find(":")
    if colon < 1 or colon == len(text) - 1 or not _is_letter(text[0]):
        return False
    for at in range(len(text)):
        if not _is_uri_character(text[at], at < colon):
            return False
    return True


def _is_letter(c):
    return "a" <= c <= "z" or "A" <= c <= "Z"


def _is_uri_character(c, in_scheme):
    if in_scheme:
        return _is_letter(c) or c in _DIGITS or c in _SCHEME
    return " " < c < "\x7f" and c not in _NOT_IN_URI
