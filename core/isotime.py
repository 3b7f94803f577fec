"""ISO 8601 / RFC 3339 time stamps, in integers and without any epoch of the platform.

MicroPython counts from 2000 on some ports and from 1970 on others; here UTC is always milliseconds since
1970-01-01T00:00:00Z.
"""

_DAY_MS = 86400000


def _days(year, month, day):
    """Days from 1970-01-01 to a date of the Gregorian calendar."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def format_utc(utc_ms):
    """UTC in ms -> ``2026-11-22T10:18:10.123Z``."""
    days, ms = divmod(utc_ms, _DAY_MS)
    days += 719468
    era, doe = divmod(days, 146097)
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month = (5 * doy + 2) // 153
    day = doy - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year = yoe + era * 400 + (1 if month <= 2 else 0)
    minutes, ms = divmod(ms, 60000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (
        year, month, day, minutes // 60, minutes % 60, ms // 1000, ms % 1000
    )  # fmt: skip


def parse_utc(text):
    """``2026-11-22T10:18:10[.fraction][Z|+hh:mm|-hhmm]`` -> UTC in ms; without a zone it is taken as UTC.

    Raises ValueError for anything else.
    """
    if len(text) < 19 or text[10] not in "Tt " or text[4] + text[7] + text[13] + text[16] != "--::":
        raise ValueError("not a time stamp: " + repr(text))
    year, month, day = _number(text, 0, 4), _number(text, 5, 7), _number(text, 8, 10)
    hour, minute, second = _number(text, 11, 13), _number(text, 14, 16), _number(text, 17, 19)
    if not (1 <= month <= 12 and 1 <= day <= _month_days(year, month) and hour < 24 and minute < 60 and second < 61):
        raise ValueError("no such time: " + repr(text))
    ms, end = _fraction(text)
    ms += ((hour * 60 + minute) * 60 + second) * 1000 - _zone_minutes(text, end) * 60000
    return _days(year, month, day) * _DAY_MS + ms


def _number(text, start, end):
    part = text[start:end]
    if len(part) != end - start or not part.isdigit():
        raise ValueError("not a time stamp: " + repr(text))
    return int(part)


def _month_days(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _fraction(text):
    """Milliseconds of the fraction, and where the zone begins."""
    if text[19:20] not in (".", ","):
        return 0, 19
    end = 20
    while end < len(text) and text[end].isdigit():
        end += 1
    if end == 20:
        raise ValueError("not a time stamp: " + repr(text))
    return int((text[20:end] + "00")[:3]), end


def _zone_minutes(text, start):
    zone = text[start:]
    if zone in ("", "Z", "z"):
        return 0
    digits = zone[1:].replace(":", "")
    if zone[0] not in "+-" or len(digits) not in (2, 4) or not digits.isdigit():
        raise ValueError("no such zone: " + repr(text))
    minutes = int(digits[:2]) * 60 + int(digits[2:] or "0")
    return minutes if zone[0] == "+" else -minutes
