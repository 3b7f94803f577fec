"""Runs in the image of qemu_arm, from boot.py: counts the ticks in which the processor did not sleep.

Under QEMU's -icount a tick is a fixed number of instructions; see bench/icount.py. Prints ``count NAME TICKS TURNS``.
"""

import asyncio
import gc

import mps2

_SETTLE_MS = 3000
_IDLE_S = 10
_PASSES = 5


def busy():
    """Ticks since the start in which the processor did not sleep."""
    now, idle = mps2.ticks()
    return now - idle


class Trips:
    """MeterValues, one after the other, by one more source of ocpp's Rpc ahead of all others."""

    def __init__(self, ocpp, clock):
        self._ocpp = ocpp
        self._clock = clock
        self._left = 0
        self._over = asyncio.Event()

    async def repeat(self, count):
        """Send so many and wait for the answers."""
        self._left = count
        self._over.clear()
        self._ocpp.rpc.sources.insert(0, self._next)
        self._ocpp.rpc.wake()
        await self._over.wait()
        self._ocpp.rpc.sources.pop(0)

    def _next(self):
        from components.ocpp.rpc import Call

        if not self._left:
            return None
        sample = [self._clock.utc_ms(), 0, 0, 1234567, 1, 2220000, 2, 30000, 3, 74000, 4, 83000]
        value = self._ocpp.delivery.meter_value(sample)
        return Call("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [value]}, self._done)

    def _done(self, answer, error):
        if error:
            raise SystemExit(error)
        self._left -= 1
        if not self._left:
            self._over.set()


def feed(kernel, text):
    """Let the frames through driver, can, bms and charger, as often as it takes; returns how many there were."""
    can, lines = kernel["can"], kernel["can_driver"]._lines
    before, at = can.rx, 0
    while at < len(text):
        end = text.rfind(b"\r", at, at + len(lines.room)) + 1
        lines.room[: end - at] = text[at:end]
        lines.came(end - at)
        while can._drain():
            pass
        at = end
    return can.rx - before


def frames(kernel, text):
    """(ticks, frames) with charging enabled."""
    gate = kernel["gate"]
    for signal in (gate.transaction, gate.plugged, gate.charger_online, kernel.alive):
        signal.set(True)
    gate.limit_ma.set(300000)
    feed(kernel, text)
    gate.in_limits.set(True)
    feed(kernel, text)
    if not gate.enabled.value:
        raise SystemExit("not as meant: " + ", ".join(gate.forbidding()))
    return min([one_pass(kernel, text) for _ in range(_PASSES)])  # without what happens now and then: a log line


def one_pass(kernel, text):
    """(ticks, frames), with the collector off: nothing is allocated for a frame."""
    gc.collect()
    gc.disable()
    try:
        began = busy()
        count = feed(kernel, text)
        return busy() - began, count
    finally:
        gc.enable()


async def measure(kernel, text, trips):
    """Everything but the boot."""
    await kernel["ocpp"].connected.until(bool)
    await asyncio.sleep_ms(_SETTLE_MS)
    began = busy()
    await asyncio.sleep_ms(_IDLE_S * 1000)
    idle = busy() - began
    print("count idle", idle, _IDLE_S)
    many = Trips(kernel["ocpp"], kernel.clock)
    await many.repeat(5)
    from_tick, began = mps2.ticks()[0], busy()
    await many.repeat(trips)
    spent = busy() - began
    ticks = mps2.ticks()[0] - from_tick
    print("count meter_values", spent - idle * ticks // (_IDLE_S * 25000000), trips)
    print("count frames", *frames(kernel, text))


def main(path="/frames.slcan", trips=20):
    """Boot as main.py does, and measure."""
    with open(path, "rb") as file:
        text = file.read()  # now: later there may be no such piece of memory
    began = busy()
    import main as firmware
    from components.ocpp.rpc import Rpc

    send = Rpc._send

    async def noted(rpc, text):
        await send(rpc, text)
        if '"BootNotification"' in text[:80]:
            print("count boot", busy() - began, 1)

    Rpc._send = noted
    kernel = firmware.build("boards.qemu_arm", "")

    async def measured():
        try:
            await measure(kernel, text, trips)
        finally:
            kernel.request_exit(0, "measured")

    async def life():
        task = asyncio.create_task(measured())
        await kernel.run()
        await task

    asyncio.run(life())
