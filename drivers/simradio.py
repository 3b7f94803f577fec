"""A Wi-Fi that is simulated by files: for the unix port, where the network is the operating system's."""

import errno
import json
import os
import time
from micropython import const

from drivers.hostnet import HostNetwork

_ASSOCIATE_MS = const(300)
_FILE_MAX = const(8192)
_ADDRESS = const("127.0.0.1")
_MAC = b"\x02\0\0\0\0\x01"


class SimRadio(HostNetwork):
    """The host's network (see `HostNetwork`), or, with the option ``radio``, a simulated station.

    ``radio`` is a folder below the home. Its file ``networks.json`` is what is in range, written by whoever simulates
    that, at any time: ``{"depot": ["secret", -61], "guests": ["", -70]}``, of each network its password, "" for an open
    one, and its dBm. What the station does there decides alone whether it is connected; the data then go by the host's
    network.
    """

    requires = ("home",)
    options = dict(HostNetwork.options, radio=(str, "", 0, 64))

    def __init__(self, home, interface, dns, radio):
        super().__init__(interface, dns)
        self.folder = home + "/" + radio if radio else ""
        self._wanted = None  # (ssid, password)
        self._began_ms = 0

    def air(self):
        """{ssid: [password, dBm]} of what is in range; what is anything else is left out."""
        try:
            with open(self.folder + "/networks.json") as file:
                found = json.loads(file.read(_FILE_MAX))
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict):
            return {}
        return {ssid: found[ssid] for ssid in found if _is_network(found[ssid])}

    def connect(self, ssid=None, key=None):
        """Begin to connect. Raises OSError for a name of more than 32 bytes."""
        if len((ssid or "").encode()) > 32:
            raise OSError(errno.EINVAL, "the name of a network has at most 32 bytes")
        self._wanted = ssid, key or ""
        self._began_ms = time.ticks_ms()

    def disconnect(self):
        """End the connection, or the attempt."""
        self._wanted = None

    def isconnected(self):
        """Whether the network that was connected to is in range, and takes the password."""
        if not self.folder:
            return super().isconnected()
        if self._wanted is None or time.ticks_diff(time.ticks_ms(), self._began_ms) < _ASSOCIATE_MS:
            return False
        found = self.air().get(self._wanted[0])
        return found is not None and found[0] == self._wanted[1]

    def failure(self):
        """Why the last attempt to connect failed, as text; "" if that is not known."""
        if not self.folder or self._wanted is None or self.isconnected():
            return ""
        if self._wanted[0] in self.air():
            return "the access point refuses the password"
        return "no such network is in range"

    def scan(self):
        """The networks in range: a list of (ssid, dBm, whether it takes a password)."""
        air = self.air() if self.folder else {}
        return [(ssid, air[ssid][1], bool(air[ssid][0])) for ssid in air]

    def status(self, param=None):
        """``status("rssi")``: dBm. Raises OSError without a connection."""
        if not self.folder or param != "rssi":
            return super().status(param)
        if self._wanted is None or not self.isconnected():
            raise OSError(errno.ENOTCONN)
        return self.air()[self._wanted[0]][1]


def _is_network(value):
    if not isinstance(value, list) or len(value) != 2:
        return False
    return isinstance(value[0], str) and isinstance(value[1], int)


class SimAccessPoint:
    """An access point in the folder of a `SimRadio`: while it is open there is a file ``access_point.json`` with
    ``{"ssid": ..., "password": ..., "address": ...}``. Its address is the loopback.
    """

    requires = ("driver",)

    def __init__(self, driver):
        self._driver = driver

    async def start(self):
        """After a power cut it is closed."""
        self.close()

    def mac(self):
        """The 6 bytes of the address by which it is told from others."""
        return _MAC

    def open(self, ssid, password):
        """Open it; returns its IPv4 address. Raises OSError."""
        if not self._driver.folder:
            raise OSError(errno.ENODEV)
        text = json.dumps({"ssid": ssid, "password": password, "address": _ADDRESS})
        with open(self._path() + ".new", "w") as file:
            file.write(text)
        os.rename(self._path() + ".new", self._path())
        return _ADDRESS

    def close(self):
        """Close it; it need not be open."""
        try:
            os.remove(self._path())  # without a radio there is no such path
        except OSError:
            pass

    def _path(self):
        return self._driver.folder + "/access_point.json"
