"""esp32.NVS (esp32_nvs.c over ESP-IDF's nvs_flash)."""

from . import errors

_ENTRIES = 3 * 126  # our partition has 4 pages, one of them always free; 126 entries of 32 bytes each


class Nvs:
    """The partition: {(namespace, key, type): value}. `writes` counts entries that were really changed."""

    def __init__(self):
        self.items = {}
        self.committed = {}
        self.commits = self.writes = 0

    def open(self, namespace):
        errors.check_str(namespace)
        if not 1 <= len(namespace) <= 15:
            raise errors.esp(0x1106, "ESP_ERR_NVS_INVALID_NAME")
        return Handle(self, namespace)

    def restart(self, power_cut):
        if power_cut:
            self.items = dict(self.committed)
        self.committed = dict(self.items)

    def used(self):
        return sum([1 if kind == "i32" else 2 + (len(value) + 31) // 32 for (_, _, kind), value in self.items.items()])


class Handle:
    """An open namespace. An i32 and a blob of one key are two things."""

    def __init__(self, nvs, namespace):
        self._nvs = nvs
        self._namespace = namespace

    def _set(self, key, kind, value):
        errors.check_str(key)
        if not 1 <= len(key.encode()) <= 15:
            raise errors.esp(0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
        items = self._nvs.items
        at = (self._namespace, key, kind)
        before = items.get(at)
        if before == value:
            return
        items[at] = value
        if self._nvs.used() > _ENTRIES:
            if before is None:
                del items[at]
            else:
                items[at] = before
            raise errors.esp(0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self._nvs.writes += 1

    def _get(self, key, kind):
        errors.check_str(key)
        value = self._nvs.items.get((self._namespace, key, kind))
        if value is None:
            raise errors.esp(0x1102, "ESP_ERR_NVS_NOT_FOUND")
        return value

    def set_i32(self, key, value):
        errors.check_int(value)
        if not -(1 << 31) <= value < 1 << 31:
            raise OverflowError("overflow converting long int to machine word")
        self._set(key, "i32", value)

    def get_i32(self, key):
        return self._get(key, "i32")

    def set_blob(self, key, value):
        self._set(key, "blob", bytes(memoryview(value) if not isinstance(value, str) else value.encode()))

    def get_blob(self, key, buffer):
        errors.check_writable(buffer)
        value = self._get(key, "blob")
        if len(value) > len(buffer):
            raise errors.esp(0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def erase_key(self, key):
        errors.check_str(key)
        for kind in ("i32", "blob"):
            if self._nvs.items.pop((self._namespace, key, kind), None) is not None:
                return
        raise errors.esp(0x1102, "ESP_ERR_NVS_NOT_FOUND")

    def commit(self):
        self._nvs.commits += 1
        self._nvs.committed = dict(self._nvs.items)
