"""A power module that reports its terminals and its output to the firmware of `bus.Rig`, and who sends beside it."""

import struct

from bus import POWER, TELEMETRY_REPLY, Rig, power

AMPS = 50.0
WATTS = 76 * AMPS


def output(rig, volts=76.0, amps=AMPS):
    """The module's replies about its output, once a second as they are asked for."""
    data = b"\x01\x84\x00\x00" + struct.pack(">I", round(volts * 1024))
    return data, b"\x01\x82\x00\x00\x00\x00" + struct.pack(">H", round(amps * 10))


async def module(rig, seconds, around=None, period_ms=200, amps=AMPS, told=AMPS, until=None):
    """The module reports terminal power every `period_ms` (and its output every second if `told`) for so long.

    `around` (milliseconds before, frames before, frames after): what somebody else sends beside each true frame.
    Returns what was delivered in mWh since the frame before; with `until`, up to the moment at which the gate closes.
    """
    beside_ms, before, after = around or (0, (), ())
    watt_ms = 0
    for step in range(seconds * 1000 // period_ms):
        if until and not rig.gate.enabled.value:
            amps = told = 0.0
        await rig.clock.advance(period_ms - 2 * beside_ms)
        for identifier, data in before:
            await rig.receive(identifier, data)
        await rig.clock.advance(beside_ms)
        await rig.receive(POWER, power(76, amps))
        watt_ms += 76 * amps * (rig.clock.ticks_ms() - rig.frame_ms)
        rig.frame_ms = rig.clock.ticks_ms()
        if told is not None and step * period_ms % 1000 < period_ms:
            for data in output(rig, amps=told):
                await rig.receive(TELEMETRY_REPLY, data)
        await rig.clock.advance(beside_ms)
        for identifier, data in after:
            await rig.receive(identifier, data)
    return watt_ms / 3600


async def read(rig):
    """The register when the last frame's period is over."""
    await rig.advance(200)
    return rig.meter.read()


async def charging(tmp, told=AMPS):
    """A charger whose gate is open, its module silent from now on."""
    rig = await Rig(tmp).start()
    await rig.charge(amps=AMPS)
    del rig.say[POWER]
    rig.frame_ms = rig.clock.ticks_ms()
    await module(rig, 4, told=told)  # the step of the current at the beginning is forgotten
    return rig, await read(rig)
