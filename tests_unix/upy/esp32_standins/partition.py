"""esp32.Partition (esp32_partition.c over ESP-IDF's esp_partition and esp_ota_ops) and the bootloader's choice."""

import binascii
import errno
import struct

from . import errors
from .image import is_valid

BLOCK = 4096
NEW, PENDING_VERIFY, VALID, INVALID, ABORTED = 0, 1, 2, 3, 4
_EMPTY = 0xFFFFFFFF


class Area:
    """A partition: type, subtype, address, label, and its bytes, which are NOR flash: a write only clears bits."""

    def __init__(self, type, subtype, address, size, label):
        self.info = (type, subtype, address, size, label, False)
        self.data = bytearray(b"\xff" * size)
        self.erased = [0] * (size // BLOCK)  # times a block
        self.broken_block = None  # one that takes no write

    def check(self, offset, size):
        if offset + size > len(self.data):
            raise errors.esp(0x104, "ESP_ERR_INVALID_SIZE")

    def erase(self, offset, size):
        self.check(offset, size)
        if offset % BLOCK:
            raise errors.esp(0x102, "ESP_ERR_INVALID_ARG")
        if size % BLOCK:
            raise errors.esp(0x104, "ESP_ERR_INVALID_SIZE")
        for block in range(offset // BLOCK, (offset + size) // BLOCK):
            self.erased[block] += 1
            self.data[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK

    def write(self, offset, chunk):
        self.check(offset, len(chunk))
        for i, byte in enumerate(chunk):
            if (offset + i) // BLOCK != self.broken_block:
                self.data[offset + i] &= byte


class Flash:
    """Partitions `ota_0`, `ota_1` ... (or only `factory`, with slots=0), the OTA data, and which image runs."""

    def __init__(self, slots, slot_size):
        self.otadata = Area(1, 0, 0xD000, 2 * BLOCK, "otadata")
        names = [(0x10 + i, "ota_%d" % i) for i in range(slots)] or [(0, "factory")]
        self.slots = [Area(0, sub, 0x10000 + i * slot_size, slot_size, name) for i, (sub, name) in enumerate(names)]
        self.areas = self.slots + ([self.otadata] if slots else [])
        self.has_ota = slots > 0
        self.running = self.slots[0]

    def partition_class(self):
        flash = self

        class Bound(Partition):
            _flash = flash

            @staticmethod
            def find(type=0, subtype=0xFF, label=None, block_size=4096):
                return [
                    Bound(area) for area in flash.areas
                    if area.info[0] == type and subtype in (0xFF, area.info[1]) and label in (None, area.info[4])
                ]  # fmt: skip

            @classmethod
            def mark_app_valid_cancel_rollback(cls):
                flash.mark_valid()

        return Bound

    def entries(self):
        """[(sequence, state)] of the two; a sequence of 0: not valid for the bootloader."""
        found = []
        for i in (0, 1):
            raw = self.otadata.data[i * BLOCK : i * BLOCK + 32]
            sequence, _, state, crc = struct.unpack("<I20sII", raw)
            good = sequence != _EMPTY and state not in (INVALID, ABORTED) and crc == binascii.crc32(raw[:4], _EMPTY)
            found.append((sequence if good else 0, state))
        return found

    def active(self):
        """Index of the entry that counts, None if there is none."""
        entries = self.entries()
        best = 0 if entries[0][0] >= entries[1][0] else 1
        return best if entries[best][0] else None

    def write_entry(self, index, sequence, state):
        raw = struct.pack("<I20sI", sequence, b"\xff" * 20, state)
        self.otadata.erase(index * BLOCK, BLOCK)
        self.otadata.write(index * BLOCK, raw + struct.pack("<I", binascii.crc32(raw[:4], _EMPTY)))

    def mark_valid(self):
        if not self.has_ota:
            raise errors.esp(0x105, "ESP_ERR_NOT_FOUND")
        active = self.active()
        if active is None:
            raise errors.esp(-1, "ESP_FAIL")
        self.write_entry(active, self.entries()[active][0], VALID)

    def set_boot(self, area):
        if area.info[0] != 0:
            raise errors.esp(0x102, "ESP_ERR_INVALID_ARG")
        if not is_valid(area.data):
            raise errors.esp(0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
        if not self.has_ota:
            raise errors.esp(0x105, "ESP_ERR_NOT_FOUND")
        active, slot = self.active(), self.slots.index(area)
        sequence = self.entries()[active][0] if active is not None else 0
        while not sequence or (sequence - 1) % len(self.slots) != slot:
            sequence += 1
        self.write_entry(1 - active if active is not None else 0, sequence, NEW)

    def boot(self):
        """What the bootloader does (with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE)."""
        if not self.has_ota:
            return
        for i, (sequence, state) in enumerate(self.entries()):
            if sequence and state == PENDING_VERIFY:
                self.write_entry(i, sequence, ABORTED)
        active = self.active()
        if active is None:
            self.running = self.slots[0]
            return
        sequence, state = self.entries()[active]
        self.running = self.slots[(sequence - 1) % len(self.slots)]
        if state == NEW:
            self.write_entry(active, sequence, PENDING_VERIFY)


class Partition:
    """The class for Python; `_flash` is set by `Flash.partition_class`."""

    BOOT, RUNNING, TYPE_APP, TYPE_DATA = 0, 1, 0, 1
    _flash = None

    def __init__(self, which, block_size=4096):
        flash = self._flash
        if isinstance(which, Area):
            self._area = which
        elif isinstance(which, int):
            if which not in (0, 1):
                raise ValueError()
            self._area = flash.running
        else:
            errors.check_str(which)
            named = [area for area in flash.areas if area.info[4] == which]
            if not named:
                raise OSError(errno.ENOENT)
            self._area = named[0]

    def info(self):
        return self._area.info

    def readblocks(self, block, buffer, offset=0):
        errors.check_writable(buffer)
        at = block * BLOCK + offset
        self._area.check(at, len(buffer))
        buffer[:] = self._area.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        at = block * BLOCK
        if offset is None:
            self._area.erase(at, len(buffer))
        self._area.write(at + (offset or 0), buffer)

    def set_boot(self):
        self._flash.set_boot(self._area)

    def get_next_update(self):
        slots = self._flash.slots
        if not self._flash.has_ota:
            raise OSError(errno.ENOENT)
        return type(self)(slots[(slots.index(self._area) + 1) % len(slots)])
