"""The files of black boxes: loaded when one is written or read."""

import binascii
import json
import os
from micropython import const
from struct import pack

from components.blackbox.ring import BLOCKS, FAILURES, notes
from core.files import check_room, flush_dir, make_dirs, make_private

MAGIC = b"UCBOX1\r\n"
_NEW = const("box.new")
_PIECE = const(512)


def clean(folder, keep):
    """Remove what was not written to its end, and what a power cut has left of too many."""
    _remove(folder + "/" + _NEW)
    _thin(folder, keep)


def _thin(folder, keep):
    for name, _ in boxes(folder)[keep:]:
        _remove(folder + "/" + name)


def boxes(folder):
    """[(name, bytes)], the newest first."""
    found = []
    try:
        for entry in os.ilistdir(folder):
            if _number(entry[0]):
                found.append((entry[0], os.stat(folder + "/" + entry[0])[6]))
    except OSError:
        pass  # there was none yet
    found.sort(reverse=True)
    return found


def _number(name):
    """The number of a box, or 0: box-000012.bin."""
    digits = name[4:-4]
    return int(digits) if name[:4] == "box-" and name[-4:] == ".bin" and len(digits) == 6 and digits.isdigit() else 0


def path_of(folder, name):
    """Raises KeyError."""
    if name not in [known for known, _ in boxes(folder)]:
        raise KeyError(name)
    return folder + "/" + name


def pieces(folder, name):
    """Generator of the bytes of a box. Raises KeyError, at once, and OSError."""
    return _pieces(path_of(folder, name))


def _pieces(path):
    with open(path, "rb") as file:
        while True:
            piece = file.read(_PIECE)
            if not piece:
                return
            yield piece


def write(box):
    """Generator: writes the box of the fault that is held, a piece for each turn, and then removes the oldest ones.

    It is written beside and renamed. Raises OSError, MemoryError; then it is not there.
    """
    path = box.folder + "/" + _NEW
    head = json.dumps(header(box)).encode()
    first = box.number + 1
    size = len(MAGIC) + 2 + len(head) + 4
    while first > box.first and size + box.used(first - 1) <= box.file_bytes:
        first -= 1
        size += box.used(first)
    make_dirs(box.folder)
    there = boxes(box.folder)
    _have_room(box, size, there)
    name = "box-%06d.bin" % (_number(there[0][0]) % 999999 + 1 if there else 1)
    try:
        with open(path, "wb") as file:
            crc = 0
            for piece in _contents(box, first, head):
                crc = binascii.crc32(piece, crc)
                file.write(piece)
                yield
            file.write(pack("<I", crc))
            file.flush()
        make_private(path)
        os.rename(path, box.folder + "/" + name)
    except FAILURES:
        _remove(path)
        raise
    _thin(box.folder, box.keep)
    flush_dir(box.folder)
    box.log.warning("black box %s: %s%s", name, box.cause, ", " + box.error if box.error else "")


def _have_room(box, size, there):
    """Raises OSError if there is none, even without the oldest ones."""
    for name, _ in reversed(there):
        try:
            return check_room(box.folder, size, box.reserve)
        except OSError:
            _remove(box.folder + "/" + name)
    check_room(box.folder, size, box.reserve)


def _contents(box, first, head):
    yield MAGIC + pack("<H", len(head)) + head
    ring = memoryview(box.ring)
    for number in range(first, box.number + 1):
        at = number % BLOCKS * box.size
        end = at + box.used(number)
        while at < end:
            yield ring[at : min(at + _PIECE, end)]
            at += _PIECE


def header(box):
    """What is not in the blocks; see docs/blackbox.md."""
    names = [[part.name for part in box.kernel.parts if part.instance is bus][0] for bus in box.buses]
    outlets = []
    for outlet in box.outlets:
        scope = [part.scope for part in box.kernel.parts if part.instance is outlet.evse][0]
        conditions = [name for name, _, _ in outlet.evse.gate.conditions()]
        outlets.append({"id": outlet.evse.id, "scope": scope, "conditions": conditions})
    board = box.kernel.board
    return {
        "board": board if isinstance(board, str) else getattr(board, "__name__", box.kernel.board_name),
        "firmware": "" if box.ocpp is None else box.ocpp.firmware_version,
        "cause": box.cause,
        "error": box.error,
        "outlet": box.outlets[box.outlet].evse.id,
        "ms": box.at_ms & 0x3FFFFFFF,
        "utc_ms": box.clock.utc_ms(),
        "buses": names,
        "outlets": outlets,
        "left_out": box.state[notes.LEFT_OUT],
    }


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass
