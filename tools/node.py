"""What every simulated node on the bus shares: a python-can bus, its receiving thread, periodic frames, recovery."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable

import can
from can.interfaces.slcan import slcanBus

_WRITE_TIMEOUT_S = 1.0
_SILENCE_S = 1.0  # without any frame for so long, the node restarts its controller, as an ECU does after bus-off


class Node:
    """One participant of the bus. Subclasses give ``periodic()`` and ``on_frame()``; both run in the event loop.

    Counters: ``sent``, ``received``, ``rx_errors`` (lines that are no frames), ``tx_errors``, ``restarts`` of the
    controller. ``bitrate`` is that of its bus, bit/s.
    """

    bitrate = 250_000

    def __init__(self, url: str):
        self.url = url
        self.silent = False
        self.sent = self.received = self.rx_errors = self.tx_errors = self.restarts = 0
        self._bus: slcanBus | None = None
        self._stopping = threading.Event()
        self._tasks: list[asyncio.Task] = []
        self._last_rx = 0.0

    def periodic(self) -> Iterable[tuple[float, Callable[[], None]]]:
        """Pairs of (period in seconds, function)."""
        return ()

    def on_frame(self, can_id: int, data: bytes) -> None:
        """Handle an extended data frame of another node."""

    async def start(self) -> None:
        """Connect to the bus. Returns when the channel is known to be open; raises can.CanError or TimeoutError."""
        self._loop = asyncio.get_running_loop()
        self._bus = await asyncio.to_thread(self._connect)
        self._last_rx = time.monotonic()
        self._thread = threading.Thread(target=self._receive, name=type(self).__name__, daemon=True)
        self._thread.start()
        jobs = [*self.periodic(), (_SILENCE_S, self._watch)]
        self._tasks = [self._loop.create_task(self._every(period, action)) for period, action in jobs]

    async def stop(self) -> None:
        """Leave the bus. Harmless when not started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._stopping.set()
        if self._bus is not None:
            bus, self._bus = self._bus, None
            await asyncio.to_thread(self._thread.join)
            await asyncio.to_thread(_shutdown, bus)

    def send(self, can_id: int, data: bytes) -> None:
        """Send an extended frame, unless the node is silent."""
        if self.silent or self._bus is None:
            return
        message = can.Message(arbitration_id=can_id, data=data, is_extended_id=True)
        try:
            self._bus.send(message, timeout=_WRITE_TIMEOUT_S)
            self.sent += 1
        except can.CanError:
            self.tx_errors += 1

    def _connect(self) -> slcanBus:
        # timeout is that of one read of the socket; python-can's default of 1 ms would poll a thousand times a second
        bus = slcanBus(self.url, bitrate=self.bitrate, sleep_after_open=0, timeout=0.1)
        with socket.socket(fileno=os.dup(bus.fileno())) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if bus.get_version(5)[0] is None:  # the answer proves that the open before it has been handled
            _shutdown(bus)
            raise TimeoutError(f"no SLCAN adapter answers on {self.url}")
        return bus

    def _receive(self) -> None:
        """Thread: pass every frame to the loop. Rubbish on the line is counted and skipped."""
        bus = self._bus
        assert bus is not None
        while not self._stopping.is_set():
            try:
                message = bus.recv(0.2)
            except can.CanOperationError as error:
                if isinstance(error.__cause__, OSError):
                    return  # the hub is gone
                self._skip(bus)
            except ValueError:
                self._skip(bus)
            else:
                if message is not None:
                    with contextlib.suppress(RuntimeError):  # the loop ended before the node was stopped
                        self._loop.call_soon_threadsafe(self._deliver, message)

    def _skip(self, bus) -> None:
        self.rx_errors += 1
        with contextlib.suppress(can.CanError):
            bus.flush()  # python-can keeps an undecodable line for ever otherwise

    def _deliver(self, message: can.Message) -> None:
        self.received += 1
        self._last_rx = time.monotonic()
        if message.is_extended_id and not message.is_remote_frame and len(message.data) == message.dlc <= 8:
            self.on_frame(message.arbitration_id, bytes(message.data))

    def _watch(self) -> None:
        """Re-open the channel after silence: it is how a bus-off channel comes back, and harms no other."""
        if self._bus is None or time.monotonic() - self._last_rx < _SILENCE_S:
            return
        self.restarts += 1
        try:
            self._bus.close()
            self._bus.open()
        except can.CanError:
            self.tx_errors += 1

    async def _every(self, period_s: float, action: Callable[[], None]) -> None:
        """Call ``action`` on a fixed grid; a late loop skips the beats that it missed."""
        due = self._loop.time()
        while True:
            action()
            due = max(due + period_s, self._loop.time())
            await asyncio.sleep(due - self._loop.time())


def _shutdown(bus: slcanBus) -> None:
    with contextlib.suppress(can.CanError):
        bus.shutdown()
