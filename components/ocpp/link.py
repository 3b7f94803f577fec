"""The connection to the central system: dialling, back-off, keep-alive (OCPP-J 1.6, sections 3 and 5)."""

import asyncio
import os
from micropython import const

from core.loading import unload
from core.parts import error_text
from core.signals import Signal
from core.text import bare_url
from uwebsockets import ConnectionClosed, WebSocketError, connect

from .access import BAD_SERVER

_BACK_OFF_MS = const(1000)  # the first; it doubles
_BACK_OFF_MAX_MS = const(60000)
_STEADY_MS = const(60000)  # after a connection that long the back-off starts over
_QUICK = const(30)  # ... and so often after a shorter one with a message: no storm where a server hangs up
_QUICK_AGAIN_MS = const(10000)  # connected for so long: once more
_PONG_MS = const(20000)  # so long a pong may take
_CONNECT_MS = const(15000)
_CLOSE_MS = const(1000)
_RETRY_MAX_S = const(3600)  # so long the central system may have us wait (Retry-After)
_TOO_LONG = const(1009)  # RFC 6455, section 7.4.1
_UNCONFIGURED = const("no central system is configured")


class Link:
    """Keeps one WebSocket open while the network is there. ``open`` is a Signal (bool).

    ``access`` has what to dial, nothing if its ``url`` is "", `trust` verifies the peer. ``failure``: why there is no
    connection, in words; "" while one is open.
    """

    failure = ""
    _tap = None

    def __init__(self, ocpp, rpc, access, trust, max_size):
        self.access = access
        self.trust = trust
        self.open = Signal(False, ocpp.clock)
        self._ocpp = ocpp
        self._clock = ocpp.clock
        self._log = ocpp.log
        self._rpc = rpc
        self._configuration = ocpp.configuration
        self._max_size = max_size
        self._check = None  # of the connection that is being made, or open
        self._anew = False  # dial at once when this connection has ended
        self._ws = None
        self._back_off_ms = _BACK_OFF_MS
        self._quick = _QUICK
        self._pings = None  # the task that sends them
        self._interval_set = False  # ... is to be begun anew
        ocpp.configuration.watch(self._on_configuration)

    def dial_by(self, access):
        """From the next connection on `access`, which has all of `Access`, says what to dial."""
        self.access = access

    def _on_configuration(self, name):
        if name == "WebSocketPingInterval":
            self._interval_set = True

    async def run(self):
        """Dial, serve, wait, for ever; without a URL only wait."""
        if not self.access.url:
            self.failure = _UNCONFIGURED
            await asyncio.Event().wait()
        while True:
            await self._ocpp.wifi.online.until(bool)
            began_ms = self._clock.uptime_ms()
            heard = self._rpc.heard()
            self._anew = False
            told_ms = 0
            try:
                await self._session()
            except (OSError, ValueError, WebSocketError, asyncio.TimeoutError, EOFError, MemoryError) as e:
                self._failed(e)
                told_ms = min(getattr(e, "retry_after_s", None) or 0, _RETRY_MAX_S) * 1000
            trusted = self._check is None or not self._check.failure
            heard_now = trusted and self._rpc.heard() > heard
            if self._anew:
                self._back_off_ms = _BACK_OFF_MS
                continue
            wait_ms = max(told_ms, self._pause_ms(self._clock.uptime_ms() - began_ms, heard_now))
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

    def _failed(self, error):
        """A connection could not be made, or was lost."""
        check, access = self._check, self.access
        self.failure = why = (check is not None and check.failure) or error_text(error)
        dialled = self._ws is None
        self._log.warning("connection: %s%s", why, ", at " + bare_url(self.access.url) if dialled else "")
        if dialled:
            self._rpc.counters.failed_connects += 1
            event = self._event_of(error, check)
            if event is not None:
                self._ocpp.security_event(event, why)
            access.failed(event)

    def _event_of(self, error, check):
        """The security event that it is, or None, also without memory."""
        try:
            from .failures import event_of

            unload("components.ocpp.failures")
            return event_of(error, check, self.access.login)
        except MemoryError:
            return None

    async def _session(self):
        """One connection, from dialling to its end."""
        self._ws = self._check = None
        access = self.access
        access.begin()
        context, self._check = self.trust.make(access.url, access.login)
        self._ws = ws = await self._dial(access, context)
        pump = None
        code = 1001  # an orderly stop
        try:
            self._opened(ws, access)
            pump = asyncio.create_task(self._serve(ws, self._rpc.pump()))
            try:
                self._ping()
            except MemoryError:  # without pings a dead peer goes unnoticed
                ws.abort()
                raise
            await self._read(ws)
            code = 1000
        finally:
            self.open.set(False)
            for task in (pump, self._pings):
                if task is not None:
                    task.cancel()
            self._pings = None
            self._rpc.detach()
            await ws.close(code, "", _CLOSE_MS)  # dropped at once, it might never read why we closed

    def _opened(self, ws, access):
        self._rpc.counters.connects += 1
        self._log.info("connected to %s", bare_url(access.url))
        wanted = access.opened()
        self._rpc.attach(ws.send if self._tap is None else self._tap.sending(ws.send))
        self.open.set(True)
        self.failure = ""
        if not wanted:
            self.reconnect()

    def tap(self, tap):
        """Have ``tap.came(text)`` called with each message that comes, before it is handled, and have each sent by what
        ``tap.sending(send)`` returns, `send` being what sends (``send(text)`` is awaitable). Neither raises anything of
        its own. `text` may hold secrets: the AuthorizationKey, a password in a URL.
        """
        self._tap = tap

    async def _dial(self, access, context):
        """The open WebSocket. What only that needs, 2 KB, and 7 KB with TLS, is let go of."""
        with self._ocpp.on_demand:
            return await connect(
                access.url,
                ssl=context,
                subprotocols=(self._ocpp.dispatcher.dialect.SUBPROTOCOL,),
                auth=access.auth,
                max_size=self._max_size,
                timeout_ms=_CONNECT_MS,
                stream=self._ocpp.wifi.stream(),
                net=(self._ocpp.wifi.resolve, self._ocpp.urgent.block),
            )

    @property
    def url(self):
        """What is dialled."""
        return self.access.url

    @property
    def secure(self):
        """Is it dialled over TLS?"""
        return self.access.url.startswith("wss://")

    def reconnect(self):
        """Close the connection; the next one is made at once, with what holds then."""
        if self._ws is not None and self.open.value:
            self._anew = True
            asyncio.create_task(self._ws.close(1000, "", _CLOSE_MS))

    def believes(self, utc_ms):
        """May the central system set this time? Over TLS not, if its certificate is not valid then.

        While the time is unknown, such an answer ends the connection.
        """
        check = self._check
        if not self.open.value or check is None or check.covers(utc_ms // 1000):
            return True
        if self._clock.sure_utc_ms() is None and self._ws is not None:
            check.failure = "certificate not valid at the time that the central system sends"
            self._log.warning("connection: %s", check.failure)
            self._ocpp.security_event(BAD_SERVER, check.failure)
            self._ws.abort()
        return False

    def step(self):
        """Look after the time; to be called now and then."""
        if self._check is not None and self.open.value:
            self.trust.learned(self._check)
        if self._interval_set and self.open.value:
            try:
                self._ping()
            except MemoryError:
                pass  # the next step tries again

    async def _read(self, ws):
        while True:
            try:
                message = await ws.recv()
            except ConnectionClosed as e:
                if e.code == _TOO_LONG:
                    self._rpc.counters.too_long += 1
                self._log.info("connection closed: %r", e)
                return
            unload("uwebsockets.utf8")
            if isinstance(message, str):
                if self._tap is not None:
                    self._tap.came(message)
                await self._rpc.receive(message)
            else:
                self._rpc.counters.malformed += 1
                self._log.rare("dropped a binary message")

    async def _serve(self, ws, work):
        """Run a coroutine for this connection; if it fails, so does the connection."""
        try:
            await work
        except (OSError, WebSocketError) as e:
            self._log.warning("connection: %s", error_text(e))
            ws.abort()
        except Exception as e:  # such as a MemoryError: a connection on which nothing is sent any more is of no use
            self._log.exception("connection: %r" % e, e)
            if isinstance(e, MemoryError):
                self._ocpp.security_event("MemoryExhaustion", "a message of ours")
            ws.abort()

    def _ping(self):
        """Send pings as often as the configuration says from now on. Raises MemoryError."""
        ws, interval_ms = self._ws, self._configuration["WebSocketPingInterval"] * 1000
        if self._pings is not None:
            self._pings.cancel()
            self._pings = None
        if interval_ms and ws is not None:
            keepalive = ws.keepalive(interval_ms, min(interval_ms, _PONG_MS), self._clock.sleep_ms)
            self._pings = asyncio.create_task(self._serve(ws, keepalive))
        self._interval_set = False


class Counters:
    """Of the connection to the central system, what the console shows."""

    def __init__(self):
        self.rx = self.tx = 0  # messages
        self.malformed = 0  # no valid OCPP-J message
        self.too_long = 0  # messages that closed the connection with 1009
        self.unknown_ids = 0  # answers without a request of ours
        self.duplicates = 0  # CALLs that came twice
        self.bad_answers = 0  # answers that break their schema
        self.errors_sent = self.errors_received = 0  # CALLERRORs
        self.timeouts = 0
        self.deaf = 0  # connections ended because CALLs in a row were not answered
        self.ignored = 0  # CALLs while Rejected
        self.dropped = 0  # messages given up
        self.connects = self.failed_connects = 0
