"""Provisioning: a charger that has no network, or no central system, waits for a person with a phone.

It opens an access point of its own, whose DNS answers every name with its own address, so that a phone shows the page
of a front end by itself. What the person chooses is tried before it is kept. Contract Provisioning:

``active`` (Signal, bool): the access point is open. ``ssid``: its name; ``address``: its IPv4 address as text; both ""
while it is closed.

- ``await scan()``: a list of [ssid, dBm, whether it takes a password] of the networks in range, the strongest first, 20
  at most. It blocks the event loop for 2 s, so it is [] while an outlet may deliver, or a change is tried.
- ``await apply(changes, reach=True)``: change settings, {"wifi.ssid": ..., "wifi.password": ..., "ocpp.url": ...}, as
  `core.settings_file.change_settings` takes them. Nothing is tried unless all of them are right as settings. With
  ``wifi.ssid`` or ``wifi.password`` that network is connected to; without a password it is an open one. With
  ``ocpp.url`` a TCP connection to its host is made, unless `reach` is False. Only if that works they are saved, and the
  firmware restarts some seconds later. Returns "", or why not, as text: then what was there stays in force. While a
  transaction runs nothing is changed, and a restart waits for its end.
- ``state``: "idle", "trying", "failed", "done"; ``error``: what `apply` returned last.

The access point is opened if no Wi-Fi or no central system is configured, or if the Wi-Fi was not reached within
``after_s`` of a start. It closes ``idle_s`` after the network was reached and a central system is configured, and with
the restart. While a transaction runs it is neither opened nor closed.

===========  =================================================================
portal       the access point while it is open
dns          the DNS that answers all names with one address
attempt      `scan` and `apply`
===========  =================================================================

All three are loaded while they are needed.
"""

import asyncio
from micropython import const

from core.loading import drop_unmade, unload
from core.signals import Untimed

_LOOK = const(10)  # periods of 100 ms
_RETRY_S = const(60)  # after the access point could not be opened
_KEY_MIN = const(8)  # characters: IEEE 802.11i


class Provisioning:
    """See the package.

    Options: ``name``: the access point is called ``NAME-XXXX``, with the last digits of the MAC address. ``password``:
    of the access point (WPA2), 8 to 63 characters, as on the label of the device. Without one there is no access point,
    unless it is ``open``: then anybody in range may configure the charger. ``after_s``: seconds, 0: it is not opened
    for a network that is configured. ``idle_s``: seconds. ``dns_port``: 0: no DNS.
    """

    requires = ("kernel", "log", "station", "ocpp", "wifi")
    uses = ("access_point",)
    provides = ("page",)
    options = {
        "name": (str, "ucharge", 1, 27),
        "password": (str, "", 0, 63),
        "open": (bool, False),
        "after_s": (int, 180, 0, 86400),
        "idle_s": (int, 300, 1, 86400),
        "dns_port": (int, 53, 0, 65535),
    }

    ssid = address = error = ""
    state = "idle"
    task = None  # while the access point is open, or is being opened
    _reached = False  # the network was, since the start
    _passed = _LOOK
    _online_s = _uptime_s = _retry_s = 0

    def __init__(
        self, kernel, log, station, ocpp, wifi, access_point, name, password, open, after_s, idle_s, dns_port
    ):
        _check_password(password)
        self.active = Untimed(False)
        self.kernel = kernel
        self.log = log
        self.station = station
        self.ocpp = ocpp
        self.wifi = wifi
        self.access_point = access_point if password or open else None
        self.name = name
        self.password = password
        self.dns_port = dns_port
        self._after_s = after_s
        self._idle_s = idle_s

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        _check_password(options["password"])

    async def start(self):
        """Say what a person has to know who waits for the access point."""
        if self.access_point is None and not (self.ocpp.link.url and self.wifi.ssid):
            self.log.info("no access point: it has no password")

    # --- when it is open ----------------------------------------------------------------------------------------

    def tick(self, passed):
        """Once a second: open or close the access point."""
        self._passed -= passed
        if self._passed > 0:
            return
        self._passed += _LOOK
        self._uptime_s += self._uptime_s <= self._after_s
        self._retry_s -= self._retry_s > 0
        if self.wifi.online.value:
            self._reached = True
            self._online_s += self._online_s <= self._idle_s
        else:
            self._online_s = 0
        if self.access_point is None or self.state == "trying" or self.running():
            return
        if self.task is None:
            if not self._retry_s and self._wanted() and self.kernel.urgent.calm():
                self.task = asyncio.create_task(self._serve())
        elif self._online_s > self._idle_s and not self._wanted():
            self.task.cancel()

    def running(self):
        """Does a transaction run?"""
        for outlet in self.station.outlets:
            if outlet.transactions.current is not None:
                return True
        return False

    def _wanted(self):
        if not self.ocpp.link.url or not (self.wifi.ssid or self._reached):
            return True
        return not self._reached and 0 < self._after_s < self._uptime_s

    async def _serve(self):
        try:
            from components.provisioning.portal import serve

            unload("components.provisioning.portal")
            await serve(self)
        except (OSError, MemoryError) as e:
            self._retry_s = _RETRY_S
            self.log.rare("the access point is not open: %r", e)
        finally:
            drop_unmade()  # here, for the clause above needs memory
            self.task = None

    async def stop(self):
        """Close it, which the kernel gives 2 s."""
        if self.task is not None:
            self.task.cancel()
        while self.task is not None:
            await asyncio.sleep_ms(10)

    # --- what a front end asks for ------------------------------------------------------------------------------

    async def scan(self):
        from components.provisioning.attempt import scan

        unload("components.provisioning.attempt")
        return await scan(self)

    async def apply(self, changes, reach=True):
        if self.state == "trying":
            return "a change is being tried"
        self.state, self.error = "trying", "interrupted"
        try:
            from components.provisioning.attempt import attempt

            unload("components.provisioning.attempt")
            self.error = await attempt(self, changes, reach)
        except MemoryError:
            drop_unmade()
            self.error = "out of memory"
        finally:
            self.state = "failed" if self.error else "done"
        return self.error

    def page(self):
        """What the console shows."""
        text = "Provisioning: %(state)s, access point: %(ssid)s"
        data = {"state": self.state, "ssid": self.ssid or "closed", "error": self.error}
        yield "provisioning", text + (", %(error)s" if self.error else ""), data


def _check_password(password):
    if 0 < len(password) < _KEY_MIN:
        raise ValueError("option 'password': WPA2 takes none of fewer than %d characters" % _KEY_MIN)
