"""The vehicle's stop frame while the loop of the image of qemu_arm is blocked for 500 ms in one call."""

from __future__ import annotations

import asyncio
import struct
from typing import NamedTuple

from tools.slcan import Frame
from tools.station import Station

BLOCK_MS = 500
BLOCK, BEGUN, OVER = 0x1FFFFF00, 0x1FFFFF01, 0x1FFFFF02
CONTROL, REQUEST = 0x068181FE, 0x1806E5F4
STOP, START = bytes((1, 0x32, 0, 1, 0, 0, 0, 0)), bytes((1, 0x32, 0, 0, 0, 0, 0, 0))
_UNKNOWN_US = 0xFFFFFFFF
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
