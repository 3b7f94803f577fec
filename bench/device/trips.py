"""A component that has the running charge point ask the central system again and again."""

import asyncio
import time

from components.ocpp.rpc import Call
from components.ocpp.v16 import schemas
from core.kernel import STOPPED
from ujson_schema import validate

_WARM_UP = 20
_QUIET_MS = 500


class Trips:
    """Prints ``Heartbeat COUNT US CPU_US`` and ``MeterValues COUNT US CPU_US``, then ends the firmware.

    The calls come from one more source of ocpp's Rpc, ahead of all others, and take its whole way: one CALL at a time,
    message id, JSON, WebSocket, schema of the answer. What is sent is validated as well, as the peer does.
    """

    requires = ("ocpp", "kernel", "clock")
    options = {"heartbeats": (int, 200), "meter_values": (int, 200)}

    def __init__(self, ocpp, kernel, clock, heartbeats, meter_values):
        self._ocpp = ocpp
        self._kernel = kernel
        self._clock = clock
        self._counts = (heartbeats, meter_values)
        self._make = None
        self._left = 0
        self._over = asyncio.Event()
        self._failed = None

    async def run(self):
        """Measure and stop."""
        await self._ocpp.connected.until(bool)
        await self._clock.sleep_ms(_QUIET_MS)  # the first StatusNotifications
        self._ocpp.rpc._sources.insert(0, self._next_call)
        print("accepted")
        for name, make, count in zip(("Heartbeat", "MeterValues"), (self._heartbeat, self._meter_values), self._counts):
            await self._repeat(make, min(_WARM_UP, count))
            cpu, began = cpu_us(), time.ticks_us()
            await self._repeat(make, count)
            elapsed = time.ticks_diff(time.ticks_us(), began)
            print(name, count, elapsed, cpu_us() - cpu)
        self._kernel.request_exit(STOPPED, "measured")

    async def _repeat(self, make, count):
        if count == 0:
            return
        self._make = make
        self._left = count
        self._over.clear()
        self._ocpp.rpc.wake()
        await self._over.wait()
        if self._failed:
            raise SystemExit(self._failed)

    def _next_call(self):
        return self._make() if self._left else None

    def _done(self, answer, error):
        if error:
            self._failed = error
            self._left = 1
        self._left -= 1
        if not self._left:
            self._over.set()

    def _heartbeat(self):
        return self._call("Heartbeat", {})

    def _meter_values(self):
        sample = [self._clock.utc_ms(), 0, 0, 1234567, 1, 2220000, 2, 30000, 3, 74000, 4, 83000]
        value = self._ocpp.delivery.meter_value(sample)
        return self._call("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]})

    def _call(self, action, payload):
        validate(schemas.request(action), payload)
        return Call(action, payload, self._done)


def cpu_us():
    """Processor time of this process in µs."""
    return int(time.clock() * 1000000)
