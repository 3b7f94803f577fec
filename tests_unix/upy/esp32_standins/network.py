"""The module network: one WLAN station, and one access point (network_wlan.c, network_common.c)."""

from . import errors

_OFF, _IDLE, _CONNECTING, _CONNECTED = 0, 1, 2, 3


class Network:
    """`air`: {ssid: (password, dBm)} in reach. `memory`: False makes WLAN() fail as ESP_ERR_NO_MEM does. `second_dns`:
    what its DHCP tells besides, which only lwIP (our module ``nameservers``) knows.
    """

    STA_IF, AP_IF = 0, 1
    second_dns = None

    def __init__(self, air=None):
        self.air = {} if air is None else air
        self.memory = True
        self.name = "mpy-esp32"
        self.station = None
        self.access_point = AccessPoint(self)
        radio = self

        class WLAN(Station):
            """A singleton: the class gives the one there is."""

            def __new__(cls, interface=0):
                if interface not in (0, 1):
                    raise ValueError("invalid WLAN interface identifier")
                if not radio.memory:
                    raise RuntimeError("Wifi Unknown Error 0x0101")
                if interface == radio.AP_IF:
                    return radio.access_point
                if radio.station is None:
                    radio.station = object.__new__(cls)
                    radio.station.begin(radio)
                return radio.station

            def __init__(self, interface=0):
                pass

        self.WLAN = WLAN

    def hostname(self, name=None):
        if name is None:
            return self.name
        if len(name) > 32:
            raise ValueError()
        self.name = name

    def addresses(self):
        """Of the module ``nameservers``: those of lwIP that are not 0.0.0.0."""
        first = self.station.ifconfig()[3] if self.station is not None else "0.0.0.0"
        return tuple([server for server in (first, self.second_dns) if server not in (None, "0.0.0.0")])


class Station:
    """What WLAN(STA_IF) is. `tries`: how often it began to associate; `used`: (ssid, password) of the last connect."""

    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2
    IF_STA, IF_AP = 0, 1
    reason = None  # why the last attempt failed: wifi_err_reason_t

    def begin(self, radio):
        self.radio = radio
        self.state = _OFF
        self.tries = 0
        self.used = None
        self.pm = self.PM_PERFORMANCE  # ESP-IDF's default
        self.reconnects = -1
        self.address = None
        self.sent_name = None
        self.unknown_error = None

    def active(self, on=None):
        self._fail()
        if on is not None:
            self.state = _OFF if not on else max(self.state, _IDLE)
        return self.state != _OFF

    def _fail(self):
        if self.unknown_error is not None:
            raise RuntimeError("Wifi Unknown Error 0x%04x" % self.unknown_error)

    def config(self, *args, **values):
        self._fail()
        if args and values:
            raise TypeError("either pos or kw args are allowed")
        if not values:
            return {"pm": self.pm, "reconnects": self.reconnects}[args[0]]
        for name, value in values.items():
            if name not in ("pm", "reconnects", "txpower", "protocol", "channel", "mac"):
                raise ValueError("unknown config param")
            errors.check_int(value)
        if self.state == _CONNECTING:
            raise OSError("Wifi Internal State Error")  # esp_wifi_set_config: sta is connecting
        self.pm = values.get("pm", self.pm)
        self.reconnects = values.get("reconnects", self.reconnects)

    def ifconfig(self, values=None):
        if values is None:
            return self.address or ("0.0.0.0",) * 4
        if not isinstance(values, (tuple, list)) or len(values) != 4:
            raise ValueError("invalid arguments")
        for value in values:
            errors.check_str(value)
            parts = value.split(".")
            if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
                raise ValueError("invalid arguments")
        self.address = tuple(values)

    def connect(self, ssid=None, key=None):
        self._fail()
        for value in (ssid, key):
            if value is not None:
                errors.check_str(value)
        if self.state == _OFF:
            raise OSError("Wifi Not Started")
        if self.state in (_CONNECTING, _CONNECTED):
            raise OSError("Wifi Internal Error")  # esp_wifi_connect: sta is connecting, return error
        self.sent_name = self.radio.name
        self.used = (ssid[:32], key)
        self.state = _CONNECTING
        self.left = self.reconnects
        self.tries += 1

    def disconnect(self):
        self._fail()
        if self.state == _OFF:
            raise OSError("Wifi Not Started")
        self.state = _IDLE

    def isconnected(self):
        self._look()
        return self.state == _CONNECTED

    def _look(self):
        """An attempt, or a loss: the system tries again `reconnects` times, with -1 for ever."""
        if self.state < _CONNECTING:
            return
        ssid, key = self.used
        there = self.radio.air.get(ssid)
        if there is not None and there[0] == (key or ""):
            self.state = _CONNECTED
            self.reason = None
            return
        self.reason = 201 if there is None else 15
        if self.left == 0:
            self.state = _IDLE
        else:
            self.left -= self.left > 0
            self.tries += 1
            self.state = _CONNECTING

    def status(self, param=None):
        self._fail()
        if param is None:
            if self.state != _CONNECTED and self.reason is not None:
                return self.reason
            return {_CONNECTED: 1010, _CONNECTING: 1001}.get(self.state, 1000)
        if param != "rssi":
            raise ValueError("unknown status param")
        self._look()
        if self.state != _CONNECTED:
            raise OSError("Wifi Not Connected")
        return self.radio.air[self.used[0]][1]

    def scan(self):
        if self.state == _OFF:
            raise OSError("STA must be active")
        if self.state == _CONNECTING:
            return []  # esp_wifi_scan_start fails, and nobody hears of it
        return [
            (ssid.encode() if isinstance(ssid, str) else ssid, b"\2\0\0\0\0\1", 6, dbm, 3 if key else 0, False)
            for ssid, (key, dbm) in self.radio.air.items()
        ]


class AccessPoint:
    """What WLAN(AP_IF) is. `on_air`: each (ssid, key, security) that it was on air with. `takes_early`: it can be
    configured before it is on.
    """

    SEC_OPEN, SEC_WPA, SEC_WPA2 = 0, 2, 3

    def __init__(self, radio):
        self.radio = radio
        self.on = False
        self.settings = {"ssid": "ESP_12AB00", "key": "", "security": 0, "max_clients": 4}  # ESP-IDF's defaults
        self.on_air = []
        self.unknown_error = None
        self.takes_early = False  # esp_wifi.h: "can be called only when specified interface is enabled"

    def _note(self):
        if self.on:
            air = tuple([self.settings[name] for name in ("ssid", "key", "security")])
            if self.on_air[-1:] != [air]:
                self.on_air.append(air)

    def active(self, on=None):
        if self.unknown_error is not None:
            raise RuntimeError("Wifi Unknown Error 0x%04x" % self.unknown_error)
        if on is not None:
            self.on = on
            self._note()
        return self.on

    def config(self, *args, **values):
        if args:
            return b"\x24\x6f\x28\x12\xab\x01" if args[0] == "mac" else self.settings[args[0]]
        if not self.on and not self.takes_early:
            raise OSError("Wifi Invalid Mode")
        for name, value in values.items():
            if name not in self.settings:
                raise ValueError("unknown config param")
            (errors.check_str if name in ("ssid", "key") else errors.check_int)(value)
        wanted = dict(self.settings, **values)
        if wanted["security"] and not 8 <= len(wanted["key"]) <= 63:
            raise OSError("Wifi Invalid Password")
        self.settings = wanted
        self._note()

    def ifconfig(self):
        return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")
