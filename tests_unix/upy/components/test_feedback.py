"""The feedback to the vehicle: its period, its content, its flags."""

import struct

from bus import HEARTBEAT, REQUEST, STATUS, Rig, check_period, request

HEAPSIZE = "16M"  # the wire keeps every frame


async def last(rig):
    """Volts, amps and flags of the feedback frame that is sent next."""
    since = len(rig.wire.frames)
    await rig.advance(150)
    await rig.until(lambda: rig.wire.of(HEARTBEAT, None, since))
    data = rig.wire.of(HEARTBEAT, None, since)[-1][1]
    assert len(data) == 8 and data[5:] == bytes(3)
    decivolts, deciamps, flags = struct.unpack(">HHB", data[:5])
    return decivolts / 10, deciamps / 10, flags


async def test_every_100_ms_without_drift(tmp):
    rig = await Rig(tmp).start()
    since = len(rig.wire.frames)
    await rig.advance(20000)
    frames = rig.wire.of(HEARTBEAT, None, since)
    assert len(frames) >= 198
    check_period(frames, 100)
    await rig.stop()


async def test_content_and_flags(tmp):
    rig = await Rig(tmp).start()
    assert await last(rig) == (0.0, 0.0, 0x18)  # nothing is known: no battery, no request
    await rig.charge(amps=50.04)
    assert await last(rig) == (76.0, 50.0, 0x00)
    rig.say[0x0681827E] = b"\x01\x80\x00\x00\x00\x00\xff\xff"
    await rig.advance(300)
    assert await last(rig) == (76.0, 50.0, 0x02)
    del rig.say[0x0681827E]
    del rig.say[REQUEST]
    await rig.advance(3300)
    assert (await last(rig))[2] & 0x18 == 0x08  # unplugged; the request is younger than 5 s
    await rig.advance(2000)
    assert (await last(rig))[2] & 0x18 == 0x18
    rig.say.clear()
    await rig.advance(3300)
    assert (await last(rig))[:2] == (0.0, 0.0)
    await rig.stop()


async def test_on_its_own_bus_the_charger_takes_heartbeats_and_hands_faults_on(tmp):
    """What a dual-bus board declares: the charger hears 0x18FF50E5, and the vehicle gets ours."""
    from components.feedback import Feedback

    rig = await Rig(tmp, feedback=False).start()
    await rig.receive(HEARTBEAT, b"\x02\xf8\x00\x64\x05\x00\x00\x00")
    await rig.receive(STATUS, bytes(8))
    await rig.receive(REQUEST, request())
    feedback = Feedback(rig.can, rig.bms, rig.charger, rig.gate, rig.clock, None)
    assert feedback._fill()[4] == 0x05
    await rig.stop()
