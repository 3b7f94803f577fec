"""The network of the machine that the unix port runs on, in the shape of network.WLAN."""

import os
from micropython import const

_CLASS = const("/sys/class/net")
_WIRELESS = const("/proc/net/wireless")


class HostNetwork:
    """The host's network as if it were a Wi-Fi station.

    The operating system owns it: `connect` and `disconnect` change nothing. It is connected while an interface is
    not down; the loopback counts, for the central system may run on the same machine. `interface` narrows that to
    one, such as "wlan0". Where the system does not tell (no sysfs), it counts as connected.

    Names are looked up by the system, which knows more than DNS servers do, unless there is a `dns`, ``IP[:port]``.
    """

    options = {"interface": (str, "", 0, 32), "dns": (str, "", 0, 21)}

    def __init__(self, interface, dns):
        if "/" in interface:
            raise ValueError("no interface name: %r" % interface)
        self._interface = interface
        self._dns = dns

    def active(self, is_active=None):
        """Always True: the host's network is not ours to switch off."""
        return True

    def connect(self, ssid=None, key=None):
        """Nothing to do: the host connects by itself."""

    def disconnect(self):
        """Nothing to do: the host's network is not ours to end."""

    def isconnected(self):
        """Whether the interface (any interface, if none was named) is up."""
        if self._interface:
            return _is_up(self._interface)
        try:
            names = os.listdir(_CLASS)
        except OSError:
            return True
        for name in names:
            if _is_up(name):
                return True
        return False

    def address(self, gateway=False):
        """The loopback's: a browser is on this machine; of the gateway: ""."""
        return "" if gateway else "127.0.0.1"

    def dns(self):
        """The DNS servers to be asked; none: the system is."""
        return (self._dns,) if self._dns else ()

    def status(self, param=None):
        """``status("rssi")``: dBm of the wireless interface, None if there is none."""
        if param != "rssi":
            raise ValueError("unknown status %r" % param)
        try:
            with open(_WIRELESS) as file:
                return _rssi(file, self._interface)
        except OSError:
            return None


def _is_up(name):
    """The loopback has no carrier: its state is "unknown"."""
    try:
        with open("%s/%s/operstate" % (_CLASS, name)) as file:
            return file.read(16).strip() in ("up", "unknown")
    except OSError:
        return False


def _rssi(lines, interface):
    """dBm from lines such as ``wlan0: 0000   54.  -56.  -256  0 ...``."""
    for line in lines:
        name, colon, rest = line.strip().partition(":")
        if colon and (not interface or name == interface):
            fields = rest.split()
            try:
                return int(fields[2].rstrip("."))
            except (IndexError, ValueError):
                continue
    return None
