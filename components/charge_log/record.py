"""One session as 64 bytes, little-endian:

    u32 number in the log   u32 number of the transaction   u32 start   u32 stop (s)   u32 Wh   u16 power (10 W)
    u8 outlet   u8 reason   u8 flags   36 bytes idTag, filled up with zeros   3 bytes of the CRC-32 of all before

`start` and `stop` are UTC, seconds since 1970, or seconds of uptime where a flag says so.
"""

import binascii
import struct
from micropython import const

from core.isotime import format_utc

SIZE = const(64)
_FORM = const("<IIIIIHBBB36s")
_CRC_AT = const(61)
_TAG_MAX = const(36)
# flags
_START_UPTIME = const(1)
_STOP_UPTIME = const(2)
_REFUSED = const(4)
_OFFLINE = const(8)
_UNKNOWN_END = const(16)
_REASONS = const((
    "", "Local", "Remote", "EVDisconnected", "EmergencyStop", "DeAuthorized", "PowerLoss", "Other", "HardReset",
    "SoftReset", "Reboot", "UnlockCommand",
))  # fmt: skip
_OTHER = const(7)


class Record:
    """A session that is to be written: its fields as they are in the 64 bytes, without the number in the log."""

    def __init__(self, log, number, outlet, id_tag, started):
        self.number, self.outlet = number, outlet
        self.tag = id_tag.encode()[:_TAG_MAX]
        self.flags = self.stop = self.wh = self.power = self.reason = 0
        self._log = log
        self.start = self._moment(started, _START_UPTIME)

    def _moment(self, stamp, flag):
        """The time of a stamp in s, by what is known now."""
        if isinstance(stamp, list) and self._log.station.clock.utc_ms() is None:
            self.flags |= flag
            return stamp[1] // 1000
        return self._log.station.stamps.utc_of(stamp) // 1000

    def end(self, stopped, wh, reason):
        """It has ended, with so much energy; None: that is not known."""
        if stopped is None:
            self.flags |= _UNKNOWN_END
            return
        self.stop, self.wh = self._moment(stopped, _STOP_UPTIME), max(0, wh)
        self.reason = _REASONS.index(reason) if reason in _REASONS else _OTHER

    def packed(self, at):
        """The bytes, with the number `at` in the log."""
        power = min(self.power, 0xFFFF)
        fields = at, self.number & 0xFFFFFFFF, self.start, self.stop, self.wh, power, self.outlet, self.reason
        data = struct.pack(_FORM, *fields, self.flags, self.tag)
        return data + _crc(data)

    def is_in(self, data):
        """Are these bytes, a sound record, of this session?"""
        _, number, _, _, wh, _, outlet, _, flags, tag = struct.unpack_from(_FORM, data)
        same = (number, outlet, tag.rstrip(b"\0")) == (self.number & 0xFFFFFFFF, self.outlet, self.tag)
        return same and (wh == self.wh or (flags | self.flags) & _UNKNOWN_END != 0)


def of_transaction(log, transaction, meter_stop_wh, most_mw):
    """The `Record` of one that has ended."""
    it = transaction
    record = Record(log, it.number, it.outlet.id, it.id_tag, it.started)
    record.end(it.stopped, meter_stop_wh - it.meter_start_wh, it.reason)
    record.power = most_mw // 10000
    record.flags |= (_REFUSED if it.invalid is not None else 0) | (_OFFLINE if it.id is None else 0)
    return record


def _crc(data):
    return struct.pack("<I", binascii.crc32(data))[:3]


def is_sound(data):
    """Is this a record?"""
    return len(data) == SIZE and bytes(data[_CRC_AT:]) == _crc(data[:_CRC_AT])


def row(data):
    """A sound record as a dict, see `components.charge_log`."""
    _, number, start, stop, wh, power, outlet, reason, flags, tag = struct.unpack_from(_FORM, data)
    ended = not flags & _UNKNOWN_END
    return {
        "number": number,
        "outlet": outlet,
        "id_tag": tag.rstrip(b"\0").decode(),
        "start": None if flags & _START_UPTIME else _iso(start),
        "stop": _iso(stop) if ended and not flags & _STOP_UPTIME else None,
        "start_uptime_s": start if flags & _START_UPTIME else None,
        "stop_uptime_s": stop if ended and flags & _STOP_UPTIME else None,
        "wh": wh if ended else None,
        "max_w": 10 * power,
        "reason": _REASONS[reason] if reason < len(_REASONS) else "Other",
        "refused": bool(flags & _REFUSED),
        "offline": bool(flags & _OFFLINE),
    }


def _iso(utc_s):
    return format_utc(utc_s * 1000)[:19] + "Z"
