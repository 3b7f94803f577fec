"""The ESP32's non-volatile storage (NVS, ESP-IDF): small values in a flash partition of their own, beside the files."""

import json
from micropython import const

_NOT_FOUND = const(-0x1102)  # ESP_ERR_NVS_NOT_FOUND as check_esp_err() makes an errno of it
_KEY_MAX = const(15)  # NVS_KEY_NAME_MAX_SIZE - 1
_VALUE_MAX = const(1024)  # bytes of JSON; a blob's size cannot be asked for, so this is the buffer to read into
_IDENTITY = const("identity")


class Nvs:
    """A store of keys (up to 15 characters) with small JSON values, in the NVS namespace ``namespace``.

    It outlives the file system and a new image, not an erase of the whole flash. Every value is a blob of JSON, for NVS
    keeps an int and a blob of the same key apart.

    When `put`, `delete` or `commit` returns, it is written. They raise OSError if that was impossible (NVS full, key or
    value too long); of several keys in one `commit` some may be written then, as after a power cut.
    """

    options = {"namespace": (str, "ucharge", 1, _KEY_MAX)}

    def __init__(self, namespace):
        self._namespace = namespace
        self._nvs = None

    def _open(self):
        if self._nvs is None:
            from esp32 import NVS

            self._nvs = NVS(self._namespace)
        return self._nvs

    def get(self, key, default=None):
        """The value of `key`, `default` if there is none. Raises OSError, also if what is there is not JSON."""
        buf = bytearray(_VALUE_MAX)
        try:
            size = self._open().get_blob(key, buf)
        except OSError as e:
            if e.errno == _NOT_FOUND:
                return default
            raise
        try:
            value, _ = json.loads("[%s,0]" % bytes(memoryview(buf)[:size]).decode())  # 1.25 alone takes what breaks off
        except ValueError:  # also the UnicodeError
            raise OSError("NVS %s: %s is not JSON" % (self._namespace, key))  # never its value: it may be secret
        return default if value is None else value

    def get_number(self, key):
        """The number that `put_number` wrote, None if there is none. Raises OSError."""
        try:
            return self._open().get_i32(key)
        except OSError as e:
            if e.errno == _NOT_FOUND:
                return None
            raise

    def put_number(self, key, number):
        """Write a whole number below 2**31, apart from what else has the same key. Raises OSError.

        It takes one entry of a page, of which it has 126: so a page is erased after as many numbers.
        """
        nvs = self._open()
        nvs.set_i32(key, number)
        nvs.commit()

    def put(self, key, value):
        """Write one value; None deletes the key."""
        self.commit({key: value})

    def delete(self, key):
        """Delete a key; there need not be one."""
        self.commit({key: None})

    def commit(self, values):
        """Write ``{key: value}``; a value of None deletes its key."""
        nvs = self._open()
        for key, value in values.items():
            if value is None:
                self._erase(nvs, key)
                continue
            text = json.dumps(value).encode()
            if len(text) > _VALUE_MAX:
                raise OSError("NVS %s: the value of %s has more than %d bytes" % (self._namespace, key, _VALUE_MAX))
            nvs.set_blob(key, text)
        nvs.commit()

    def scoped(self, scope, first):
        """What is inside a scope of the board has as its store: see `ScopedNvs`."""
        from drivers.nvs_scoped import ScopedNvs

        return ScopedNvs(self, scope, first)

    def _erase(self, nvs, key):
        try:
            nvs.erase_key(key)
        except OSError as e:
            if e.errno != _NOT_FOUND:
                raise


def read_identity(known):
    """What makes this device itself, ``{section: {key: value}}``, to be laid over settings.json.

    `known` is the board's SETTINGS: each of its keys may be in the namespace "identity" as "section.key", such as
    "ocpp.id", "ocpp.auth_key", "wifi.password", "can.1.port"; one whose name is longer than NVS allows can only be in
    settings.json. It is written once, when the device is commissioned:
    ``Nvs("identity").put("ocpp.id", "CP-17")``. Raises OSError.
    """
    return _read(Nvs(_IDENTITY), "", known)


def _read(nvs, before, known):
    """What there is of `known`; a dictionary in it has keys with its own before them."""
    found = {}
    for key in known:
        name = before + key
        if isinstance(known[key], dict):
            value = _read(nvs, name + ".", known[key]) or None
        else:
            value = nvs.get(name) if len(name) <= _KEY_MAX else None
        if value is not None:
            found[key] = value
    return found
