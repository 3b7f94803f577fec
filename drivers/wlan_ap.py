"""The ESP32's own access point: network.WLAN(AP_IF), beside the station."""

from micropython import const

_CLIENTS = const(4)


class AccessPoint:
    """An access point, and the DHCP of ESP-IDF, which gives addresses of 192.168.4.0/24.

    It is on the channel of the station: when that connects, who uses the access point is moved to its channel, and may
    have to join again.
    """

    def mac(self):
        """The 6 bytes of the address by which it is told from others. Raises OSError."""
        return _made().config("mac")

    def open(self, ssid, password):
        """Open it, with WPA2, or for everybody if `password` is ""; returns its IPv4 address. Raises OSError."""
        wlan = _made()
        settings = {"ssid": ssid, "key": password, "max_clients": _CLIENTS}
        settings["security"] = security = wlan.SEC_WPA2 if password else wlan.SEC_OPEN
        try:
            try:
                wlan.config(**settings)  # else the system's own, which is open, is on air until it is configured
            except (OSError, RuntimeError):
                pass  # not every version takes it before it is on
            wlan.active(True)
            try:
                if (wlan.config("ssid"), wlan.config("security")) != (ssid, security):
                    wlan.config(**settings)
                return wlan.ifconfig()[0]
            except BaseException:
                wlan.active(False)  # what is on by then is not what was asked for
                raise
        except RuntimeError as e:
            raise OSError(str(e))

    def close(self):
        """Close it; it need not be open. Raises OSError."""
        try:
            _made().active(False)
        except RuntimeError as e:
            raise OSError(str(e))


def _made():
    import network

    try:
        return network.WLAN(network.AP_IF)
    except RuntimeError as e:
        raise OSError(str(e))
