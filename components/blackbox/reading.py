"""Reading the file of a black box: loaded for that, also by what replays one. Its format is in docs/blackbox.md."""

import binascii
import json
from micropython import const
from struct import unpack_from

MAGIC = b"UCBOX1\r\n"
_PIECE = const(512)
_HEADER_MOST = const(8192)
_HEAD = const(12)
_OF_OUTLET = const(8)
_TIME = const(0x3FFFFFFF)
_CHANGED = const(0x40)
_WHOLE = const(0x30)
_CONDITIONS = const(0x31)
_MESSAGE = const(0x32)
_PAUSE = const(0x33)
_ERROR = const(0x34)
_FAULT = const(0x35)
_TICK = const(0x80)

ENABLED = 1 << 29  # beside the conditions: the gate is open
# Kinds of events
BLOCK, FRAME, TICK, CONDITIONS, MESSAGE, ERROR, FAULT = range(7)


class Box:
    """A black box in a file that can be sought in: ``header`` (see docs/blackbox.md), and `events`.

    Raises ValueError, with words, if it is none.
    """

    def __init__(self, file):
        self._file = file
        head = file.read(10)
        if head[:5] != MAGIC[:5]:
            raise ValueError("no black box")
        if head[:8] != MAGIC:
            raise ValueError("a black box of a version that is not known here")
        self._end = _checked(file) - 4
        file.seek(8)
        size = unpack_from("<H", file.read(2))[0]
        if size > _HEADER_MOST or 10 + size > self._end:
            raise ValueError("a black box with a header of %d bytes" % size)
        self._begin = 10 + size
        self.header = _header(file.read(size))
        self._outlets = len(self.header["outlets"])
        self._buses = len(self.header["buses"])

    def events(self):
        """Generator of tuples (ms since the fault, kind, ...):

        BLOCK, ticks, ((conditions, limit in mA or None) of each outlet)
        FRAME, bus, sent, flags, identifier, data
        TICK
        CONDITIONS, outlet, conditions, limit
        MESSAGE, sent, length, text
        ERROR, outlet, text; FAULT, outlet, text

        Conditions are bits in the order of the header's names, and ENABLED. Raises ValueError.
        """
        at = self._begin
        number = None
        while at < self._end:
            self._file.seek(at)
            head = self._file.read(_HEAD)
            if at + _HEAD > self._end:
                raise ValueError("a block at %d that is cut off" % at)
            this, ms, ticks, used = unpack_from("<IIHH", head)
            if used < _HEAD + self._outlets * _OF_OUTLET or at + used > self._end:
                raise ValueError("a block of %d bytes at %d" % (used, at))
            if number is not None and this != number + 1 & _TIME:
                raise ValueError("block %d behind block %d" % (this, number))
            number = this
            for event in _Block(head + self._file.read(used - _HEAD), at, self._outlets, self._buses).events(
                self._since(ms), ticks
            ):
                yield event
            at += used

    def _since(self, ms):
        """Ticks of a device as ms since the fault: up to 6 days either way."""
        ms = ms - self.header["ms"] & _TIME
        return ms - _TIME - 1 if ms > _TIME >> 1 else ms


class _Block:
    """The notes of a block."""

    def __init__(self, data, at, outlets, buses):
        self._data = data
        self._where = at
        self._outlets = outlets
        self._buses = buses
        self._slots = []  # type: list  # [bus, sent, flags, identifier, data]

    def events(self, ms, ticks):
        data = self._data
        at = _HEAD
        states = []
        for _ in range(self._outlets):
            states.append((unpack_from("<I", data, at)[0], _limit(data, at + 4)))
            at += _OF_OUTLET
        yield ms, BLOCK, ticks, tuple(states)
        while at < len(data):
            kind = data[at]
            try:
                if kind & _TICK:
                    ms += kind & 0x7F
                    event = (ms, TICK)
                    at += 1
                elif kind == _PAUSE:
                    ms += unpack_from("<I", data, at + 1)[0]
                    at += 5
                    continue
                else:
                    ms += data[at + 1]
                    event, size = self._note(kind, data, at, ms)
                    at += size
            except (IndexError, ValueError):
                raise ValueError("a note 0x%02x at %d that makes no sense" % (kind, self._where + at))
            yield event
        if at > len(data):
            raise ValueError("a note in the block at %d that is cut off" % self._where)

    def _note(self, kind, data, at, ms):
        """(event, bytes). Raises IndexError, ValueError."""
        if kind <= _WHOLE or kind >= _CHANGED:
            slot, size = self._frame(kind, data, at)
            return (ms, FRAME) + tuple(slot), size
        if kind == _CONDITIONS:
            return (ms, CONDITIONS, self._outlet(data[at + 2]), _word(data, at + 3), _limit(data, at + 7)), 11
        if kind == _MESSAGE:
            length = data[at + 3] | data[at + 4] << 8
            return (ms, MESSAGE, bool(data[at + 2]), length, _text(data, at + 6, data[at + 5])), 6 + data[at + 5]
        if kind in (_ERROR, _FAULT):
            text = _text(data, at + 4, data[at + 3])
            return (ms, ERROR if kind == _ERROR else FAULT, self._outlet(data[at + 2]), text), 4 + data[at + 3]
        raise ValueError

    def _frame(self, kind, data, at):
        """(slot, bytes)."""
        if kind == _WHOLE:
            what, length = data[at + 3], data[at + 8]
            if what >> 3 >= self._buses or length > 8 or data[at + 2] > len(self._slots):
                raise ValueError
            slot = [what >> 3, bool(what & 4), what & 3, _word(data, at + 4), _bytes(data, at + 9, length)]
            self._slots[data[at + 2] : data[at + 2] + 1] = [slot]
            return slot, 9 + length
        slot = self._slots[kind & 0x3F]
        size = 2
        if kind & _CHANGED:
            mask = data[at + 2]
            size = 3
            changed = bytearray(slot[4])
            for i in range(7, -1, -1):
                if mask >> i & 1:
                    changed[i] = data[at + size]
                    size += 1
            slot[4] = bytes(changed)
        return slot, size

    def _outlet(self, number):
        if number >= self._outlets:
            raise ValueError
        return number


def _checked(file):
    """The length of a file whose checksum is right. Raises ValueError."""
    file.seek(0)
    length = crc = 0
    last = b""
    while True:
        piece = file.read(_PIECE)
        if not piece:
            break
        length += len(piece)
        last += piece
        crc = binascii.crc32(last[:-4], crc)
        last = last[-4:]
    if length < 14 or unpack_from("<I", last)[0] != crc & 0xFFFFFFFF:
        raise ValueError("a black box that is cut off or damaged: its checksum is wrong")
    return length


def _header(text):
    """Raises ValueError."""
    try:
        header = json.loads(text)
        right = isinstance(header["ms"], int) and all(isinstance(name, str) for name in header["buses"])
        for outlet in header["outlets"]:
            right = right and isinstance(outlet["id"], int) and isinstance(outlet["scope"], str)
            right = right and all(isinstance(name, str) for name in outlet["conditions"])
        for name in ("board", "cause", "error"):
            right = right and isinstance(header[name], str)
    except (ValueError, KeyError, TypeError):
        right = False
    if not right:
        raise ValueError("a black box with a header that makes no sense")
    return header


def _word(data, at):
    if at + 4 > len(data):
        raise IndexError
    return unpack_from("<I", data, at)[0]


def _limit(data, at):
    limit = _word(data, at)
    return None if limit == _TIME else limit


def _bytes(data, at, size):
    if at + size > len(data):
        raise IndexError
    return bytes(data[at : at + size])


def _text(data, at, size):
    """Text that may end within a character."""
    raw = _bytes(data, at, size)
    for cut in range(4):
        try:
            return raw[: len(raw) - cut].decode()
        except ValueError:  # UnicodeError
            pass
    return repr(raw)
