"""The NVS of a chip that has none: what is written is there until the next start."""

import errno

from drivers.nvs import Nvs

_NOT_FOUND = -0x1102


class RamNvs(Nvs):
    """`Nvs` over a dictionary: the driver is as on the ESP32, and so is its heap."""

    def _open(self):
        if self._nvs is None:
            self._nvs = Values()
        return self._nvs


class Values:
    """What is used of esp32.NVS."""

    def __init__(self):
        self._values = {}

    def _get(self, kind, key):
        if (kind, key) not in self._values:
            raise OSError(_NOT_FOUND)
        return self._values[kind, key]

    def get_i32(self, key):
        return self._get("i32", key)

    def set_i32(self, key, number):
        self._values["i32", key] = number

    def get_blob(self, key, buf):
        data = self._get("blob", key)
        if len(data) > len(buf):
            raise OSError(errno.EINVAL)
        buf[: len(data)] = data
        return len(data)

    def set_blob(self, key, data):
        self._values["blob", key] = bytes(data)

    def erase_key(self, key):
        self._get("blob", key)
        del self._values["blob", key]

    def commit(self):
        pass
