"""A stop of the vehicle while the image's loop is blocked: the interrupt of the CAN line answers it."""

import struct

import pytest
import pytest_asyncio
from charging_site import eventually
from qemu_site import QemuSite

from bench.blocked import BLOCK_MS, BOOT, CONTROL, ICOUNT, REQUEST, START, STOP, block
from tools.slcan import encode

pytestmark = [pytest.mark.usefixtures("qemu_image"), pytest.mark.asyncio(loop_scope="module")]
LIMIT_US = 10_000
GUARDED = r"(\d+) stops by interrupt"


def request(switch):
    return struct.pack(">HHBBH", 840, 1000, switch, 0, 0)


FORBID, PERMIT = (REQUEST, request(1)), (REQUEST, request(0))


def controls(frames):
    return [frame.data for frame in frames if frame.can_id == CONTROL]


async def guard_stops(site):
    return int((await site.answer("status", GUARDED))[1])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(qemu_image, tmp_path_factory):
    site = QemuSite(tmp_path_factory.mktemp("home"), vehicle={"period_s": 1.0})
    site.firmware.files["boot.py"] += BOOT
    site.firmware.icount = ICOUNT
    async with site:
        await site.boot()
        await site.configure(MeterValueSampleInterval=0, ClockAlignedDataInterval=0, MinimumStatusDuration=0)
        yield site


async def test_a_stop_is_answered_in_less_than_10_ms_while_the_loop_is_blocked(site):
    """Our stop frame is on the bus before the loop goes on; then the gate closes, is told, and nothing starts again."""
    await site.start_session()
    told = site.mark()
    site.vehicle.stopped = True  # what it goes on to say
    outcome = await block(site, [FORBID])
    assert outcome.before_end and outcome.blocked_us >= BLOCK_MS * 1000
    assert outcome.answer_us < LIMIT_US, outcome
    await site.status("SuspendedEV", told)
    await site.condition("bms_permits", "BLOCKS")
    assert await guard_stops(site) == 1
    assert set(controls(site.hub.log.after(outcome.mark))) == {STOP}
    await site.printed(r"can: 1 stops of the vehicle answered by the interrupt")
    since = site.hub.frames
    site.vehicle.permit()
    await site.status("Charging", told)
    await site.hub.wait_frame(lambda frame: (frame.can_id, frame.data) == (CONTROL, START), since=since)
    await site.stop_session()


async def test_what_is_no_stop_does_not_fire(site):
    """A permission, another identifier, a frame too short to have the switch, an 11-bit one, and broken lines."""
    await site.start_session()
    count = await guard_stops(site)
    line = encode(*FORBID)
    broken = (
        line.replace(b"T", b"t", 1),
        line.replace(b"T", b"R", 1),
        line[:-2] + b"\r",
        line[:-1] + b"0\r",
        line[:-1] + b"00\r",
        line.replace(b"0348", b"03G8"),
        line[:14] + b"\a" + line[14:],
        line[:12] + b"\r" + line[12:],
        b"x" + line,
        b"x" * 30 + line,
        b"T9806E5F4" + line[9:],
    )
    assert len({*broken, line}) == 12
    short = (REQUEST, request(1)[:4])
    other = (REQUEST + 1, request(1))
    outcome = await block(site, [PERMIT, short, other], raw=b"".join(broken) + line[:20])
    assert not outcome.before_end and STOP not in controls(outcome.frames)
    assert await guard_stops(site) == count
    site.hub.garbage(b"\r")  # the end of a line that began well
    await site.condition("bms_permits", "ok")
    assert (await block(site, [FORBID])).before_end  # and it is armed all the time
    site.vehicle.stop_charging()
    await site.stop_session()


async def test_it_fires_only_while_charging_is_enabled(site):
    """Without a session there is nothing to stop: the loop does what is to be done when it goes on."""
    await site.plug_in()
    count = await guard_stops(site)
    outcome = await block(site, [FORBID])
    assert not outcome.before_end and await guard_stops(site) == count
    site.vehicle.permit()
    await site.start_session()
    await site.stop_session()
    await site.plug_in()
    assert not (await block(site, [FORBID])).before_end


async def test_each_stop_of_a_block_is_answered_and_it_counts_once(site):
    """A vehicle repeats its stop: so does the answer, in case that the first was lost."""
    await site.start_session()
    count = await guard_stops(site)
    outcome = await block(site, [FORBID, PERMIT, FORBID])
    assert outcome.before_end and 1 <= controls(outcome.frames).count(STOP) <= 2
    assert await guard_stops(site) == count + 1
    site.vehicle.stop_charging()
    await site.stop_session()


async def test_a_full_bus_does_not_blind_it_and_what_was_lost_closes_the_gate(site):
    """The stop finds the UART's ring (1 KB) full: it is answered all the same; the gate closes without the frame."""
    await site.start_session()
    count = await guard_stops(site)
    told = site.mark()
    site.vehicle.silent = True
    outcome = await block(site, [(0x12345678, bytes(8))] * 46 + [FORBID], 4 * BLOCK_MS)  # QEMU takes it byte by byte
    assert outcome.before_end and outcome.answer_us < LIMIT_US
    await site.status("SuspendedEV", told)
    assert await guard_stops(site) == count + 1
    assert set(controls(site.hub.log.after(outcome.mark))) == {STOP}
    assert int((await site.answer("status", r"(\d+) overruns"))[1]) > 10
    site.vehicle.silent = False
    site.vehicle.request()
    await eventually(lambda: site.module.charging, "it charges again")
    await site.stop_session()
