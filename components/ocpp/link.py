"""The connection to the central system: dialling, back-off, keep-alive (OCPP-J 1.6, sections 3 and 5)."""

import asyncio
import binascii
import os
from micropython import const

from core.signals import Signal
from uwebsockets import ConnectionClosed, WebSocketError, connect

_BACK_OFF_MS = const(1000)  # the first; it doubles
_BACK_OFF_MAX_MS = const(60000)
_STEADY_MS = const(60000)  # after a connection that long the back-off starts over
_QUICK = const(30)  # ... and so often after a shorter one with a message: no storm where a server hangs up
_QUICK_AGAIN_MS = const(10000)  # connected for so long: once more
_PONG_MS = const(20000)  # so long a pong may take
_CONNECT_MS = const(15000)
_CLOSE_MS = const(1000)
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class Link:
    """Keeps one WebSocket open while the network is there. ``open`` is a Signal (bool).

    `id` is the identity of the charge point, the last part of the URL and the user of HTTP Basic authentication.
    """

    def __init__(self, services, rpc, url, id, auth_key, ca_file, max_size):
        self.url = dialled(url, id)
        self.secure = url.startswith("wss://")
        self.open = Signal(False, services.clock)
        self.credentials = None  # or what has roots(kind) and client(), asked for each connection over TLS
        self._clock = services.clock
        self._log = services.log
        self._rpc = rpc
        self._wifi = services.wifi
        self._configuration = services.configuration
        self._auth = (id, auth_key) if auth_key else None
        self._ca_file = ca_file
        self._max_size = max_size
        self._ws = None
        self._back_off_ms = _BACK_OFF_MS
        self._quick = _QUICK
        self._interval_set = asyncio.Event()
        services.configuration.watch(self._on_configuration)

    def _on_configuration(self, name):
        if name == "WebSocketPingInterval":
            self._interval_set.set()

    async def run(self):
        """Dial, serve, wait, for ever."""
        while True:
            await self._wifi.online.until(bool)
            began_ms = self._clock.uptime_ms()
            heard = self._rpc.heard()
            try:
                await self._session()
            except (OSError, ValueError, WebSocketError, asyncio.TimeoutError, EOFError) as e:
                self._rpc.counters.failed_connects += 0 if self._ws else 1
                self._log.warning("connection: %r", e)
            wait_ms = self._pause_ms(self._clock.uptime_ms() - began_ms, self._rpc.heard() > heard)
            self._log.info("next connection in %d ms", wait_ms)
            await self._clock.sleep_ms(wait_ms)

    def _pause_ms(self, lived_ms, heard):
        """The wait after a connection that lived so long, and on which a message came or not."""
        self._quick = min(_QUICK, self._quick + lived_ms // _QUICK_AGAIN_MS)
        if lived_ms > _STEADY_MS:
            self._back_off_ms = _BACK_OFF_MS
        elif heard and self._quick:
            self._quick -= 1
            self._back_off_ms = _BACK_OFF_MS
        wait_ms = self._jittered(self._back_off_ms)
        self._back_off_ms = min(2 * self._back_off_ms, _BACK_OFF_MAX_MS)
        return wait_ms

    def _jittered(self, ms):
        """Between half of `ms` and `ms`: charge points that lost one server shall not come back as one."""
        return ms // 2 + int.from_bytes(os.urandom(2), "big") * (ms // 2) // 65535

    async def _session(self):
        """One connection, from dialling to its end."""
        self._ws = None
        ws = await connect(
            self.url,
            ssl=self._ssl(),
            subprotocols=("ocpp1.6",),
            auth=self._auth,
            max_size=self._max_size,
            timeout_ms=_CONNECT_MS,
            stream=self._wifi.stream(),
        )
        self._ws = ws
        self._rpc.counters.connects += 1
        self._log.info("connected to %s", self.url)
        self._rpc.attach(ws.send)
        self.open.set(True)
        tasks = (asyncio.create_task(self._serve(ws, self._rpc.pump())), asyncio.create_task(self._keepalive(ws)))
        try:
            await self._read(ws)
        except asyncio.CancelledError:  # an orderly stop
            await ws.close(1001, "", _CLOSE_MS)
            raise
        finally:
            self.open.set(False)
            for task in tasks:
                task.cancel()
            self._rpc.detach()
            ws.abort()

    def reconnect(self):
        """Close the connection; the next one is made with what holds then."""
        if self._ws is not None and self.open.value:
            asyncio.create_task(self._ws.close(1000, "", _CLOSE_MS))

    def _ssl(self):
        """The context for wss://, None for ws://."""
        if not self.secure:
            return None
        context = self.context(self.url)
        client = None if self.credentials is None else self.credentials.client()
        if client is not None:
            context.load_cert_chain(client[0][0], client[1])
        return context

    def context(self, url):
        """An SSLContext for any server: it is verified against `ca_file` and the roots that were installed.

        Raises OSError, ValueError: they cannot be read, or there are none.
        """
        import tls  # not every port has it; ssl is a module over it that an image would have to freeze

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
        trusted = bool(self._ca_file)
        if trusted:
            with open(self._ca_file, "rb") as file:
                data = file.read()
            context.load_verify_locations(der(data) if data.startswith(b"-----BEGIN") else data)
        if self.credentials is not None:
            for root in self.credentials.roots("CentralSystemRootCertificate"):
                context.load_verify_locations(root)
                trusted = True
        if not trusted:
            raise ValueError("no certificate to verify the server against")
        return context

    async def _read(self, ws):
        while True:
            try:
                message = await ws.recv()
            except ConnectionClosed as e:
                self._log.info("connection closed: %r", e)
                return
            if isinstance(message, str):
                await self._rpc.receive(message)
            else:
                self._rpc.counters.malformed += 1
                self._log.rare("dropped a binary message")

    async def _serve(self, ws, work):
        """Run a coroutine for this connection; if it fails, so does the connection."""
        try:
            await work
        except (OSError, WebSocketError) as e:
            self._log.warning("connection: %r", e)
            ws.abort()
        except Exception as e:  # such as a MemoryError: a connection on which nothing is sent any more is of no use
            self._log.exception("connection: %r" % e, e)
            ws.abort()

    async def _keepalive(self, ws):
        while True:
            self._interval_set.clear()
            interval_ms = self._configuration["WebSocketPingInterval"] * 1000
            task = None
            if interval_ms:
                keepalive = ws.keepalive(interval_ms, min(interval_ms, _PONG_MS), self._clock.sleep_ms)
                task = asyncio.create_task(self._serve(ws, keepalive))
            try:
                await self._interval_set.wait()
            finally:
                if task is not None:
                    task.cancel()


def der(pem):
    """The first certificate of a PEM text as DER, which is what every port of MicroPython takes."""
    return binascii.a2b_base64(pem.split(b"-----")[2])


def dialled(url, id):
    """`url` with the identity as the last part of its path, which it may be already; a query stays behind it."""
    base, mark, query = url.partition("?")
    base = base.rstrip("/")
    name = percent_encoded(id)
    path = base.partition("://")[2].partition("/")[2]
    if path and path.rpartition("/")[2] in (id, name):
        base = base[: base.rindex("/")]
    return base + "/" + name + mark + query


def percent_encoded(text):
    """`text` as one path segment of a URL (RFC 3986, section 2.1)."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        out.append(char if char in _UNRESERVED else "%%%02X" % byte)
    return "".join(out)
