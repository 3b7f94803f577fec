"""The vehicle's stop frame while the loop of the image of qemu_arm is blocked for 500 ms in one call."""

from __future__ import annotations

import asyncio
import shutil
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.children import BenchError
from bench.table import LOWER, Row
from tools.build_firmware import build
from tools.qemu import QemuFirmware
from tools.slcan import Frame
from tools.station import Station
from tools.toolchain import BuildError

GROUP = "stop latency"
BLOCK_MS = 500
BLOCK, BEGUN, OVER = 0x1FFFFF00, 0x1FFFFF01, 0x1FFFFF02
CONTROL, REQUEST = 0x068181FE, 0x1806E5F4
STOP, START = bytes((1, 0x32, 0, 1, 0, 0, 0, 0)), bytes((1, 0x32, 0, 0, 0, 0, 0, 0))
ICOUNT = "shift=5,sleep=on"  # QEMU: 32 ns an instruction, whatever else the machine does meanwhile
_REQUEST = ">HHBBH"
_UNKNOWN_US = 0xFFFFFFFF
_TARGET_MS = 10
_COUNT = 4  # a vehicle that stops once more within a minute is taken for one that flaps
_STEP_S = 30
# boot.py: a frame BLOCK blocks the loop, in its handler, as any call of C does that takes so long. What is told before
# and after goes the way of every frame.
BOOT = b"""
def _():
    import struct, time
    from components.can import Can
    try:
        from canguard import answer_us
    except ImportError:
        answer_us = lambda: 0xFFFFFFFF
    begin = Can.__init__
    def __init__(self, *services, **named):
        begin(self, *services, **named)
        def block(data, length):
            us = 1000 * (data[0] << 8 | data[1])
            self.send(0x1FFFFF01, bytes(8))
            began = time.ticks_us()
            time.sleep_us(us)
            self.send(0x1FFFFF02, struct.pack(">II", answer_us(), time.ticks_diff(time.ticks_us(), began)))
        self.on(0x1FFFFF00, block)
    Can.__init__ = __init__
_()
"""


class Outcome(NamedTuple):
    """answer_us: from the stop frame's last byte to the last one of our answer, by the image's clock; None without an
    answer. before_end: our stop frame was on the bus before the loop went on. blocked_us: for how long it stood.
    """

    answer_us: int | None
    before_end: bool
    blocked_us: int
    frames: list[Frame]  # on the bus, from the beginning of the block to its end
    mark: int  # of the bus, at its end


async def block(station: Station, frames: list[tuple[int, bytes]], ms: int = BLOCK_MS, raw: bytes = b"") -> Outcome:
    """Block the loop; in the middle of it these frames are on the bus, or these bytes on the line.

    Raises TimeoutError: no block.
    """
    hub = station.hub
    mark = hub.frames
    hub.send(BLOCK, struct.pack(">HHI", ms, 0, 0))
    await hub.wait_frame(BEGUN, since=mark)
    await asyncio.sleep(ms / 4000)
    sent = [hub.send(identifier, data) for identifier, data in frames]
    if raw:
        hub.garbage(raw)
    over = await hub.wait_frame(OVER, 20 + ms / 1000, since=mark)
    last = max([frame.seq for frame in sent if frame is not None], default=mark)
    between = [frame for frame in hub.log.after(mark) if frame.seq < over.seq]
    stops = [frame for frame in between if (frame.can_id, frame.data) == (CONTROL, STOP) and frame.seq > last]
    answer_us, blocked_us = struct.unpack(">II", over.data)
    return Outcome(None if answer_us == _UNKNOWN_US else answer_us, bool(stops), blocked_us, between, over.seq)


async def charges(station: Station, since: int) -> None:
    """Wait until the power module is started. Raises TimeoutError."""
    await station.hub.wait_frame(lambda frame: (frame.can_id, frame.data) == (CONTROL, START), _STEP_S, since)


async def stops(image: Path, home: Path) -> list[Outcome]:
    """One session, in which the vehicle stops `_COUNT` times while the loop is blocked. Raises BenchError."""
    station = Station(home, soc=0.5, vehicle={"period_s": 1.0}, firmware=False, kind=QemuFirmware)
    station.firmware.image = image  # type: ignore[attr-defined]
    station.firmware.files["boot.py"] = BOOT  # type: ignore[attr-defined]
    station.firmware.icount = ICOUNT  # type: ignore[attr-defined]
    async with station:
        try:
            await station.firmware.start()
            await station.firmware.wait_output("the time is", _STEP_S)
            return await session(station)
        except TimeoutError as error:
            raise BenchError(f"{error}\n{station.firmware.text[-2000:]}") from None


async def session(station: Station) -> list[Outcome]:
    """Of a station that has booted. Raises TimeoutError."""
    forbid = struct.pack(_REQUEST, 832, 300, 1, 0, 0)
    found = []
    mark = station.hub.frames
    station.vehicle.plug()
    await station.firmware.write("auth CARD\n")
    for _ in range(_COUNT):
        await charges(station, mark)
        station.vehicle.stopped = True
        found.append(await block(station, [(REQUEST, forbid)]))
        mark = station.hub.frames
        station.vehicle.permit()
    return found


def measure(quick: bool) -> list[Row]:
    """The row about the stop frame while the loop is blocked."""
    name = f"BMS stop to our stop frame, the loop blocked for {BLOCK_MS} ms, max"
    if quick:
        return [Row(GROUP, name, "ms", None, better=LOWER, target=_TARGET_MS, note="Not measured in a quick run.")]
    with tempfile.TemporaryDirectory() as folder:
        try:
            image = Path(shutil.copy(build("qemu_arm"), folder))  # others may build meanwhile
            found = asyncio.run(stops(image, Path(folder) / "home"))
        except BuildError as error:
            raise BenchError(str(error)) from None
    late = [outcome for outcome in found if not outcome.before_end or outcome.answer_us is None]
    if late:
        raise BenchError(f"{len(late)} of {len(found)} stops were not answered before the loop went on")
    ours_ms = [outcome.answer_us / 1000 for outcome in found if outcome.answer_us is not None]
    note = (
        f"{len(found)} stops on the image of qemu_arm, by its own clock, with QEMU's -icount at 32 ns an instruction: "
        "from the last byte of the vehicle's frame to the last byte of ours. Without the guard: the rest of the block."
    )
    row = Row(GROUP, name, "ms", max(ours_ms), better=LOWER, target=_TARGET_MS, note=note)
    row.runs = {"ours": ours_ms}
    return [row]
