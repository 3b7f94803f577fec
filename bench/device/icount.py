"""Runs in the image of qemu_arm, from boot.py: counts the ticks in which the processor did not sleep.

Under QEMU's -icount a tick is a fixed number of instructions; see bench/icount.py. Nothing here depends on the host:
the central system is inside (central.py), random bytes are always the same, and QEMU lets no time pass by itself.
Prints ``count NAME TICKS TURNS``.
"""

import asyncio
import gc
import os
import random
import sys
import time

import mps2
from central import Central, Line

_SETTLE_MS = 3000
_MINUTE_MS = 60000
_TURN_MS = 27  # in every other one a frame: 37 in 2 s
_TURNS = _MINUTE_MS // _TURN_MS
_START_TURNS = 110  # 3 s
_SAMPLE_TURNS = 10  # a message is through before the next one
_PASSES = 4
_TRANSACTION = 1


class Os:
    """Module os with ``urandom`` that has nothing random."""

    def __init__(self):
        for name in dir(os):
            setattr(self, name, getattr(os, name))
        self.urandom = lambda n: bytes([90 + i for i in range(n)])


def fail(why):
    """End the measurement."""
    print("not as meant:", why)
    raise SystemExit(1)


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


class Site:
    """The firmware while it charges, as far as frames can tell."""

    def __init__(self, kernel, central, text, lines):
        self.kernel = kernel
        self.central = central
        self.text = text
        self.lines = lines
        self._at = 0

    async def charge(self):
        """Have charging enabled, by frames at their times: a module that was silent is a fault. Raises SystemExit."""
        gate = self.kernel["gate"]
        gate.limit("transaction", 300000)
        gate.transaction.set(True)
        self.kernel["can"]._handlers[0x00433F01](b"\x42\x98\0\0\0\0\0\0", 8)  # 76 V, no current: as before each start
        for _ in range(_START_TURNS):
            self.frame()
            await asyncio.sleep_ms(_TURN_MS)
            if gate.enabled.value:
                break
        feed(self.kernel, self.text)
        self.check()

    def check(self):
        """Raises SystemExit unless charging is enabled."""
        gate = self.kernel["gate"]
        if not gate.enabled.value:
            fail(", ".join(gate.blocking()))

    def batch(self):
        """(ticks, frames), one right after the other, with the collector off: nothing is allocated for a frame."""
        gc.collect()
        gc.disable()
        try:
            began = self.central.busy()
            count = feed(self.kernel, self.text)
            return self.central.busy() - began, count
        finally:
            gc.enable()

    async def minute(self, frame_every=0, sample_every=0):
        """Ticks of so many turns, one after the other, with a frame in some of them, and MeterValues in some."""
        gc.collect()
        due_ms = time.ticks_ms()
        began = self.central.busy()
        for number in range(1, _TURNS + 1):
            if frame_every and number % frame_every == 0:
                self.frame()
            if sample_every and number % sample_every == 0:
                self.sample()
            due_ms = time.ticks_add(due_ms, _TURN_MS)
            await asyncio.sleep_ms(max(0, time.ticks_diff(due_ms, time.ticks_ms())))
        return self.central.busy() - began

    def frame(self):
        """A frame comes in over the bus's UART; nothing is allocated for that here."""
        mps2.feed(1, self.lines[self._at])
        self._at = (self._at + 1) % len(self.lines)

    def sample(self):
        """MeterValues are due: measured, journaled, sent, answered, out of the journal."""
        ocpp, meter = self.kernel["ocpp"], self.kernel["meter"]
        mwh, changes = meter.changes()
        outlet = ocpp.outlets[0]
        sample = outlet.metering.sample("MeterValuesSampledData", 0, mwh)
        if sample is None or len(sample) != 12 or len(ocpp.station.journal):
            fail("%r, %d in the journal" % (sample, len(ocpp.station.journal)))
        ocpp.station.journal.add_sample(outlet, _TRANSACTION, sample, None, changes)
        meter.saved(mwh)


async def measure(site):
    """Everything but the boot. The turns themselves are in what `Site.minute` returns, and in nothing that is told."""
    kernel, central = site.kernel, site.central
    await kernel["can"].healthy.until(bool)
    kernel["store"].commit({"ocpp/id/%d" % _TRANSACTION: 1})  # as the answer to StartTransaction does
    await asyncio.sleep_ms(_SETTLE_MS)
    gc.collect()
    began = central.busy()
    gc.collect()
    print("count collect", central.busy() - began, 1)
    began = central.busy()
    await asyncio.sleep_ms(_MINUTE_MS)
    idle = central.busy() - began
    turns = await site.minute() - idle
    print("count idle", idle, _MINUTE_MS // 1000)
    await site.charge()
    site.batch()
    print("count batch", *min([site.batch() for _ in range(_PASSES)]))  # without what is now and then: a log line
    charging = await site.minute(2)
    site.check()
    print("count charging", charging - turns, _MINUTE_MS // 1000)
    print("count frame", await site.minute(1) - charging, _TURNS // 2)
    print("count meter_values", await site.minute(2, _SAMPLE_TURNS) - charging, _TURNS // _SAMPLE_TURNS)
    site.check()


def build(central):
    """The kernel, as main.py makes it, with the central system on its line."""
    import main as firmware

    kernel = firmware.build("boards.qemu_arm", "")
    network = kernel["wifi_driver"]

    def stream():
        line = Line(network._uart, central)
        return line, line

    network.stream = stream
    return kernel


def main(before, boot_only=False, path="/frames.slcan"):
    """Boot as main.py does, and measure. before: (busy(), gc.mem_alloc()) before this was loaded."""
    with open(path, "rb") as file:
        text = file.read()  # now: later there may be no such piece of memory
    lines = [line + b"\r" for line in text.split(b"\r") if line]
    sys.modules["os"] = Os()
    random.seed(1)

    def on_call(action):
        if action == "BootNotification":
            print("count boot", sent[0](), 1)

    central = Central(on_call)
    gc.collect()
    own = gc.mem_alloc() - before[1]
    began = central.busy() - before[0]
    sent = [lambda: central.busy() - began]
    kernel = build(central)

    async def measured():
        try:
            await kernel["ocpp"].connected.until(bool)
            if boot_only:
                return
            gc.threshold(gc.threshold() + own // 4)  # a quarter of the free heap, and what is ours would be free
            await measure(Site(kernel, central, text, lines))
        finally:
            kernel.request_exit(0, "measured")

    async def life():
        task = asyncio.create_task(measured())
        await kernel.run()
        await task

    asyncio.run(life())
