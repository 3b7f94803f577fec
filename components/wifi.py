"""The reconnect policy of the Wi-Fi, over a driver in network.WLAN's shape."""

import errno
import random
from micropython import const

from core.loading import unload
from core.parts import error_text
from core.signals import Signal

_POLL_MS = const(500)
_RSSI_MS = const(10000)
_BACK_OFF_MS = const(1000)  # the first; it doubles
_BACK_OFF_MAX_MS = const(60000)
_SETTLE_MS = const(200)  # what ended a connection, or an attempt, is done by then


class Wifi:
    """Keeps the station connected to the network `ssid`.

    An attempt is a disconnect (a connect on top of a connect raises on the ESP32) and a connect, which has `connect_ms`
    to succeed; after a failure it waits, with jitter, 1 s, 2 s ... 60 s. Without an ssid it only watches a network
    that is connected elsewhere.

    The first attempt is `begin`'s: a board that declares driver and Wi-Fi as early has the station associate while the
    other components are loaded, built and started.

    Signals: ``online`` (bool), ``rssi`` (dBm, None while unknown). Counters: ``attempts``, ``connects``, ``losses``,
    ``driver_errors``. ``ssid``: of the network that it keeps to, "" for none.

    The driver's station is used by nobody else. Who wants another network for a while calls `try_network`, and `resume`
    in the end, whatever came of it.
    """

    requires = ("driver", "clock", "log", "pulse", "kernel")
    options = {
        "ssid": (str, "", 0, 32),
        "password": (str, "", 0, 64),
        "connect_ms": (int, 20000, 1000, 120000),
    }

    _begun = False  # `begin`'s attempt is under way
    _trial = None  # (ssid, password) of `try_network`, until `resume`

    def __init__(self, driver, clock, log, pulse, kernel, ssid, password, connect_ms):
        self.online = Signal(False, clock)
        self.rssi = Signal(None, clock)
        self.attempts = self.connects = self.losses = self.driver_errors = 0
        self._driver = driver
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._urgent = kernel.urgent
        self.ssid = ssid
        self._password = password
        self._connect_ms = connect_ms
        self._back_off_ms = _BACK_OFF_MS
        self._names = {}  # what was looked up last

    def stream(self):
        """What leads to the central system if the driver has no sockets: an open (reader, writer) pair, else None."""
        return self._driver.stream() if hasattr(self._driver, "stream") else None

    def begin(self):
        """Switch the station on and begin to connect. What fails is in the log, and `run` tries it again."""
        try:
            self._urgent.block("Wi-Fi on", self._driver.active, True)
            if self.ssid:
                self.attempts += 1
                self._urgent.block("Wi-Fi connect", self._driver.connect, self.ssid, self._password)
                self._begun = True
        except OSError as e:
            self._driver_error("begin", e)

    def address(self, gateway=False):
        """The IPv4 address of this device, or of the gateway, as text; "": none, or the driver does not tell it."""
        return self._driver.address(gateway) if self.online.value and hasattr(self._driver, "address") else ""

    async def resolve(self, name):
        """An IPv4 address of `name` (text), by the network's DNS servers while others run. Raises OSError.

        None: the system has to look it up, for no server is known, or it is a name of mDNS (RFC 6762).
        """
        servers = self._driver.dns() if hasattr(self._driver, "dns") else ()
        if not servers or name.lower().endswith(".local"):
            return None
        try:
            from udns import resolve

            return await resolve(name, servers, self._names)
        finally:
            unload("udns")  # 1.5 KB

    async def try_network(self, ssid, password):
        """Leave the network that is kept to, and connect to this one, once: "" if that works, else why not, as text.

        Until `resume` it is neither left nor connected again, and ``online`` is False.
        """
        self._trial = ssid, password
        await self._wait(_POLL_MS)
        why = self._connect(ssid, password)
        if why or await self._wait_connected(self._connect_ms):
            return why
        failure = self._driver.failure() if hasattr(self._driver, "failure") else ""
        return failure or "no connection within %d s" % (self._connect_ms // 1000)

    def resume(self, keep=False):
        """Back to the network that was kept to before `try_network`, or keep to the one that was tried from now on."""
        trial, self._trial = self._trial, None
        if trial is None:
            return
        self._back_off_ms = _BACK_OFF_MS
        if keep:
            self.ssid, self._password = trial
        else:
            self._disconnect()

    async def scan(self):
        """What the driver finds in range: tuples (ssid, dBm, whether it takes a password). It blocks for 2 s.

        Raises OSError: EAGAIN while an outlet may deliver, and during `try_network`.
        """
        if self._trial is not None or not self._urgent.calm():
            raise OSError(errno.EAGAIN)
        if not hasattr(self._driver, "scan"):
            return ()
        if self._connected():
            return self._urgent.block("Wi-Fi scan", self._driver.scan)
        self._trial = self.ssid, self._password
        try:
            self._disconnect()  # the ESP32 does not scan while it connects
            await self._clock.sleep_ms(_SETTLE_MS)
            return self._urgent.block("Wi-Fi scan", self._driver.scan)
        finally:
            self.resume(True)

    async def run(self):
        await self._switch_on()
        try:
            if self._begun:
                self._begun = False
                await self._wait_connected(self._connect_ms, True)
            while True:
                if self._trial is not None:
                    await self._wait(_POLL_MS)
                elif self._connected():
                    self._on_connected()
                    await self._watch()
                    self._on_lost()
                elif self.ssid:
                    await self._attempt()
                else:
                    await self._wait(_POLL_MS)
        finally:
            self.online.set(False)
            self.rssi.set(None)

    async def _switch_on(self):
        """Switch the radio on, once, which blocks the loop. After a failure at the start: not while charging."""
        while not (self._driver.active() or self._urgent.calm()):
            await self._wait(_POLL_MS)
        self._urgent.block("Wi-Fi on", self._driver.active, True)

    def _connected(self):
        """Whether the driver is connected; an error of it is no connection."""
        try:
            return bool(self._driver.isconnected())
        except OSError as e:
            self._driver_error("isconnected", e)
            return False

    def _driver_error(self, call, error):
        self.driver_errors += 1
        self._log.rare("%s: %r", call, error)

    def _on_connected(self):
        self.connects += 1
        self._back_off_ms = _BACK_OFF_MS
        self._log.info("connected%s", " to " + self.ssid if self.ssid else "")
        self.online.set(True)

    def _on_lost(self):
        if self._trial is None:
            self.losses += 1
            self._log.warning("connection lost")
        self.online.set(False)
        self.rssi.set(None)

    async def _watch(self):
        """Return when the connection is gone; meanwhile read its strength now and then."""
        left_ms = 0
        while self._trial is None and self._connected():
            if left_ms <= 0:
                self._read_rssi()
                left_ms = _RSSI_MS
            await self._wait(_POLL_MS)
            left_ms -= _POLL_MS

    def _read_rssi(self):
        try:
            self.rssi.set(self._driver.status("rssi"))
        except OSError as e:  # the connection may just have gone
            self._driver_error("status", e)
            self.rssi.set(None)

    def _disconnect(self):
        try:
            self._driver.disconnect()
        except OSError as e:
            self._driver_error("disconnect", e)

    def _connect(self, ssid, password):
        """Begin to; returns "", or what is wrong, as text."""
        self._disconnect()
        try:
            self._urgent.block("Wi-Fi connect", self._driver.connect, ssid, password)
        except OSError as e:
            self._driver_error("connect", e)
            return error_text(e)
        return ""

    async def _attempt(self):
        """Connect once; wait for it, and after a failure for the back-off."""
        self.attempts += 1
        if not self._connect(self.ssid, self._password) and await self._wait_connected(self._connect_ms, True):
            return
        if self._trial is not None:
            return
        wait_ms = self._back_off_ms // 2 + random.randrange(self._back_off_ms // 2 + 1)
        self._back_off_ms = min(2 * self._back_off_ms, _BACK_OFF_MAX_MS)
        self._log.warning("no connection to %s (attempt %d); next try in %d ms", self.ssid, self.attempts, wait_ms)
        await self._wait_connected(wait_ms, True)  # a slow access point may still take us

    async def _wait_connected(self, ms, kept=False):
        """Whether it is connected within so long; `kept`: to the network that is kept to, so a trial ends it."""
        while not self._connected():
            if ms <= 0 or (kept and self._trial is not None):
                return False
            await self._wait(min(ms, _POLL_MS))
            ms -= _POLL_MS
        return True

    async def _wait(self, ms):
        self._pulse()
        await self._clock.sleep_ms(ms)
