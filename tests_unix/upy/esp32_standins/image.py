"""An ESP32 application image (ESP-IDF, esp_image_format.h): made for tests, and checked as the bootloader does."""

import hashlib
import struct

_HEADER = "<BBBBIB3sHBHHIB"  # 24 bytes; the last one says whether a SHA-256 follows
_CHECKSUM = 0xEF


def make_image(payload):
    """A valid image with one segment; `payload` is filled up to whole words."""
    payload = bytes(payload) + bytes(-len(payload) % 4)
    image = struct.pack(_HEADER, 0xE9, 1, 0, 0, 0x40080000, 0, b"\0\0\0", 0, 0, 0, 399, 0, 1)
    image += struct.pack("<II", 0x3F400020, len(payload)) + payload
    checksum = _CHECKSUM
    for byte in payload:
        checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes((checksum,))
    return image + hashlib.sha256(image).digest()


def is_valid(data):
    """Whether there is an image at the beginning of `data`: magic, segments, checksum, SHA-256."""
    if data[0] != 0xE9:
        return False
    at, checksum = 24, _CHECKSUM
    for _ in range(data[1]):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8
        if at + size > len(data):
            return False
        for byte in memoryview(data)[at : at + size]:
            checksum ^= byte
        at += size
    at += 16 - at % 16
    if at + 32 > len(data) or data[at - 1] != checksum:
        return False
    return not data[23] or hashlib.sha256(memoryview(data)[:at]).digest() == bytes(data[at : at + 32])
