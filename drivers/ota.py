"""The sink for a new image on the ESP32: the partition of the two OTA slots that does not run.

Needs a partition table with two slots and a bootloader with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE, as MicroPython's.
"""

import binascii
import struct
from micropython import const

from drivers.sink import BLOCK, ImageError, Sink, UpdateError

_MAGIC = const(0xE9)  # ESP_IMAGE_HEADER_MAGIC: the first byte of an image
_SUBTYPE_OTA = const(0)  # ESP_PARTITION_SUBTYPE_DATA_OTA
_ENTRY = const("<I20sII")  # esp_ota_select_entry_t: ota_seq, seq_label, ota_state, crc
_NONE = const(0xFFFFFFFF)
# esp_ota_img_states_t
_PENDING_VERIFY = const(1)
_INVALID = const(3)
_ABORTED = const(4)


class OtaSink(Sink):
    """See `Sink`. A block of 4096 bytes is erased and written at a time, during which nothing else runs for some 60 ms:
    so it is for a charger that does not charge.

    An image whose size is not told may fill the partition.

    `activate` has ESP-IDF check the whole image (checksum, SHA-256, signature if there is one) and raises its OSError.
    """

    blocks = True

    _partition = None
    _block = _used = _room = 0

    def _open(self, size):
        from esp32 import Partition

        try:
            running = Partition(Partition.RUNNING)  # type: ignore[arg-type]  # the stubs know labels only
            partition = running.get_next_update()
        except OSError:
            raise UpdateError("this flash has no second OTA partition")
        room = partition.info()[3]
        if size is not None and size > room:
            raise UpdateError("an image of %d bytes, the partition has %d" % (size, room))
        self._room = room
        self._partition = partition
        self._block = self._used = 0

    def _append(self, chunk):
        if self.written == 0 and len(chunk) and chunk[0] != _MAGIC:
            raise ImageError("not an ESP32 image: it begins with 0x%02X" % chunk[0])
        if self.written + len(chunk) > self._room:
            raise UpdateError("more than the %d bytes of the partition" % self._room)
        view = memoryview(chunk)
        while len(view):
            count = min(len(view), BLOCK - self._used)
            self._buffer[self._used : self._used + count] = view[:count]
            self._used += count
            view = view[count:]
            if self._used == BLOCK:
                self._write_block()

    def _write_block(self):
        self._opened().writeblocks(self._block, self._buffer)  # erases first
        self._block += 1
        self._used = 0

    def _flush(self):
        """The last block: the erase takes whole blocks only, so it is filled up as erased flash is."""
        if self._used:
            for i in range(self._used, BLOCK):
                self._buffer[i] = 0xFF
            self._write_block()

    def _read(self, at, view):
        self._opened().readblocks(at // BLOCK, view)

    def _activate(self):
        self._opened().set_boot()

    def _opened(self):
        if self._partition is None:
            raise UpdateError("no update was begun")
        return self._partition

    def _close(self):
        self._partition = None

    def running(self):
        """See `Sink`: the label of the partition."""
        from esp32 import Partition

        return Partition(Partition.RUNNING).info()[4]  # type: ignore[arg-type]

    def target(self):
        """See `Sink`."""
        return self._opened().info()[4]

    def pending(self):
        """Whether the bootloader waits for this image's `confirm`."""
        return pending()

    def confirm(self):
        """End the trial: ``esp_ota_mark_app_valid_cancel_rollback``."""
        from esp32 import Partition

        Partition.mark_app_valid_cancel_rollback()


def pending():
    """Whether the image is on trial, so that a reset takes it back: MicroPython does not tell, the OTA data does."""
    from esp32 import Partition

    active, state = -1, None
    for partition in Partition.find(Partition.TYPE_DATA, _SUBTYPE_OTA):
        for block in (0, 1):
            sequence, entry_state = _entry(partition, block)
            if sequence > active:
                active, state = sequence, entry_state
    return state == _PENDING_VERIFY


def _entry(partition, block):
    """(sequence, state) of one of the two entries of the OTA data; (-1, None) if the bootloader does not take it."""
    buf = bytearray(struct.calcsize(_ENTRY))
    partition.readblocks(block, buf)
    sequence, _, state, crc = struct.unpack(_ENTRY, buf)
    if sequence == _NONE or state in (_INVALID, _ABORTED) or crc != binascii.crc32(buf[:4], _NONE):
        return -1, None
    return sequence, state
