"""The ESP32's Wi-Fi station: network.WLAN without what it trips over."""

import errno
from micropython import const

_TRIES = const(2)  # what the system adds of its own to an attempt; the pauses between attempts are components/wifi.py's
_SSID_MAX = const(32)  # bytes; MicroPython cuts off the rest without a word
_ADDRESS = const(("ip", "netmask", "gateway", "dns"))

# What `status` gives after an attempt that failed: ESP-IDF's wifi_err_reason_t
_NOT_FOUND = const(201)
_PASSWORD = const((15, 202, 204))  # the four-way handshake timed out, authentication failed, a handshake timed out
_SECURITY = const((210, 211))


class Wlan:
    """network.WLAN(STA_IF) in the shape that `components.wifi:Wifi` takes.

    The real one is made when it is first used, for that takes tens of KB outside the GC heap. What it raises are
    OSErrors only: its RuntimeError, "Wifi Unknown Error", becomes one.

    Power saving is off, always and not only while charging: a charger has the mains; with modem sleep the access point
    keeps what the central system sends for up to three beacons (0.3 s), and some lose it.

    Options: ``hostname``, letters, digits and hyphens, "" for the system's; ``ip``, ``netmask``, ``gateway``, ``dns``,
    all of them or none (then by DHCP), in dots, `dns` may be left out and is the gateway then.
    """

    options = {
        "hostname": (str, "", 0, 32),
        "ip": (str, "", 0, 15),
        "netmask": (str, "", 0, 15),
        "gateway": (str, "", 0, 15),
        "dns": (str, "", 0, 15),
    }

    def __init__(self, hostname, ip, netmask, gateway, dns):
        _check_hostname(hostname)
        self._hostname = hostname
        self._address = _address(ip, netmask, gateway, dns)
        self._wlan = None

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        Wlan(**options)

    def active(self, is_active=None):
        """Whether the station is on; with an argument, switch it on or off. Raises OSError."""
        try:
            if is_active and self._wlan is None:
                self._wlan = self._begin()
            elif is_active is False and self._wlan is not None:
                wlan, self._wlan = self._wlan, None
                wlan.active(False)
        except RuntimeError as e:
            raise OSError(str(e))
        return self._wlan is not None

    def _begin(self):
        import network

        if self._hostname:
            network.hostname(self._hostname)
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.disconnect()  # a soft reset leaves it connecting, and then it takes no configuration
        wlan.config(pm=network.WLAN.PM_NONE, reconnects=_TRIES)
        if self._address:
            wlan.ifconfig(self._address)
        return wlan

    def connect(self, ssid=None, key=None):
        """Begin to connect, and first end what was: a connect on top of another raises. Raises OSError."""
        wlan = self._made()
        if ssid is not None and len(ssid.encode()) > _SSID_MAX:
            raise OSError(errno.EINVAL, "the name of a network has at most 32 bytes")
        try:
            wlan.disconnect()
            wlan.connect(ssid, key or None)
        except RuntimeError as e:
            raise OSError(str(e))

    def disconnect(self):
        """End the connection, or the attempt. Raises OSError."""
        try:
            if self._wlan is not None:
                self._wlan.disconnect()
        except RuntimeError as e:
            raise OSError(str(e))

    def isconnected(self):
        """Whether there is a connection and an address."""
        return self._wlan is not None and self._wlan.isconnected()

    def failure(self):
        """Why the last attempt to connect failed, as text; "" if that is not known."""
        try:
            status = self.status()
        except OSError:
            return ""
        if status in _PASSWORD:
            return "the access point refuses the password"
        if status == _NOT_FOUND:
            return "no such network is in range"
        return "the network requires another kind of security" if status in _SECURITY else ""

    def scan(self):
        """The networks in range: a list of (ssid, dBm, whether it takes a password). It blocks for 2 s.

        One whose name is not UTF-8 is left out. Raises OSError, also while it is connecting.
        """
        wlan = self._made()
        found = []
        try:
            for ssid, _, _, rssi, security, _ in wlan.scan():
                try:
                    found.append((ssid.decode(), rssi, bool(security)))
                except UnicodeError:
                    pass
        except RuntimeError as e:
            raise OSError(str(e))
        return found

    def address(self, gateway=False):
        """The IPv4 address of this device, or of the gateway, as text. Raises OSError before it is switched on."""
        return self._made().ifconfig()[2 if gateway else 0]

    def dns(self):
        """The IPv4 addresses of the network's DNS servers; none without a connection.

        An image without our module ``nameservers`` knows the first alone.
        """
        if not self.isconnected():
            return ()
        try:
            from nameservers import addresses

            return addresses()
        except ImportError:
            address = self._made().ifconfig()[3]
            return (address,) if _number(address) else ()

    def status(self, param=None):
        """``status("rssi")``: dBm. Raises OSError, also without a connection."""
        try:
            wlan = self._made()
            return wlan.status() if param is None else wlan.status(param)
        except RuntimeError as e:
            raise OSError(str(e))

    def _made(self):
        if self._wlan is None:
            raise OSError(errno.ENOTCONN)
        return self._wlan

    async def stop(self):
        """Off, so that it does not go on connecting below a REPL."""
        self.active(False)


def _check_hostname(name):
    for letter in name.lower():
        if not ("a" <= letter <= "z" or "0" <= letter <= "9" or letter == "-"):
            raise ValueError("option 'hostname': %r is not of letters, digits and hyphens" % name)
    if name.startswith("-") or name.endswith("-"):
        raise ValueError("option 'hostname': %r begins or ends with a hyphen" % name)


def _address(*values):
    """The four values, or None if none was given. Raises ValueError."""
    if not any(values):
        return None
    values = values[:3] + (values[3] or values[2],)
    for name, value in zip(_ADDRESS, values):
        if not value:
            raise ValueError("option %r: a static address needs ip, netmask and gateway" % name)
        if _number(value) is None:
            raise ValueError("option %r: %r is not an IPv4 address" % (name, value))
    mask = _number(values[1])
    if not mask or (mask | (mask - 1)) != 0xFFFFFFFF:
        raise ValueError("option 'netmask': %r has a hole, or is empty" % values[1])
    if (_number(values[0]) ^ _number(values[2])) & mask:
        raise ValueError("option 'gateway': %r is not in the network of %s" % (values[2], values[0]))
    return values


def _number(text):
    """The 32 bits of an IPv4 address in dots, None if it is none."""
    number = 0
    parts = text.split(".")
    for part in parts:
        if not part.isdigit() or len(part) > 3 or int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number if len(parts) == 4 else None
