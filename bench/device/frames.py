"""CAN frames through driver, can, bms and charger, while charging is enabled.

    micropython bench/device/frames.py FILE HOME PORT PASSES

FILE holds SLCAN lines. Prints ``frames COUNT US``, ``bytes COUNT BYTES`` (allocated, with the collector off) and
``locked COUNT BYTES`` (handled under heap_lock). PORT: where a TCP socket listens, for what charging sends. The bytes
of FILE are put where the driver's stream would put them, as large a piece as its buffer takes.
"""

import asyncio
import gc
import micropython
import sys
import time

_ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path.insert(0, _ROOT)

from core.clock import Clock  # noqa: E402
from core.kernel import Kernel  # noqa: E402
from core.log import ERROR, Log, LogTail  # noqa: E402
from main import load_board  # noqa: E402

_WANTED = ("store", "gate", "can_driver", "can", "bms", "charger", "meter")


class Board:
    """The components of the unix board that take part."""

    NAME = "bench"
    SETTINGS = {}

    def __init__(self, unix):
        self.COMPONENTS = tuple([entry for entry in unix.COMPONENTS if entry["name"] in _WANTED])
        self.SETTINGS = {"can": unix.SETTINGS["can"]}


def build(home, port):
    """A kernel whose gate lets charging be, but for what the bus says."""
    clock = Clock()
    log = Log(LogTail(clock, level=ERROR), "main")
    settings = {"can": {"port": "socket://127.0.0.1:" + port}}
    kernel = Kernel(Board(load_board("unix")), settings, clock, log, home)
    gate = kernel["gate"]
    gate.limit("transaction", 300000)
    for signal in (gate.transaction, gate.plugged, gate.charger_online, kernel.alive):
        signal.set(True)
    return kernel


class Feeder:
    """Pieces of the file, whole lines only, as long as the driver's buffer."""

    def __init__(self, kernel, text):
        self.can = kernel["can"]
        self.lines = kernel["can_driver"]._lines
        self.pieces = []
        room, at = len(self.lines.room), 0
        while at < len(text):
            end = text.rfind(b"\r", at, at + room) + 1
            self.pieces.append(text[at:end])
            at = end

    def load(self, piece):
        """As a stream's readinto does."""
        self.lines.room[: len(piece)] = piece
        self.lines.came(len(piece))

    def drain(self):
        """As the receiving task does."""
        while self.can._drain():
            pass

    def all(self, passes):
        """Feed everything `passes` times."""
        for _ in range(passes):
            for piece in self.pieces:
                self.load(piece)
                self.drain()


def timed(feeder, passes):
    """(frames, µs) of so many passes."""
    before, began = feeder.can.rx, time.ticks_us()
    feeder.all(passes)
    return feeder.can.rx - before, time.ticks_diff(time.ticks_us(), began)


def allocated(feeder, lock):
    """(frames, bytes) of one pass with the collector off; with `lock` under heap_lock, where any allocation raises."""
    size = 0
    before = feeder.can.rx
    for piece in feeder.pieces:
        feeder.load(piece)
        gc.collect()
        gc.disable()
        if lock:
            micropython.heap_lock()
        try:
            allocated = gc.mem_alloc()
            feeder.drain()
            allocated = gc.mem_alloc() - allocated
        finally:
            if lock:
                micropython.heap_unlock()
            gc.enable()
        size += allocated
    return feeder.can.rx - before, size


async def start(kernel):
    """As the kernel and the receiving task do."""
    await kernel["store"].start()
    await kernel["charger"].start()
    await kernel["meter"].start()
    kernel["can_driver"].init()
    await kernel["can_driver"].ready()
    kernel["can"]._up(True)
    kernel["bms"].tick(1)  # without it no permission counts
    await asyncio.sleep_ms(20)


def main(path, home, port, passes):
    """Measure."""
    with open(path, "rb") as file:
        text = file.read()
    kernel = build(home, port)
    asyncio.run(start(kernel))
    kernel["can"]._handlers[0x00433F01](b"\x42\x98\0\0\0\0\0\0", 8)  # 76 V and no current, as before each start
    feeder = Feeder(kernel, text)
    feeder.all(1)
    time.sleep_ms(1000)  # as long as `alive` must have held
    kernel["gate"].check()
    kernel["gate"].in_limits.set(True)  # the frames have shown it: the rest of what forbade charging
    feeder.all(1)
    can = kernel["can"]
    if can.unknown or can.refused or can.garbage or not kernel["gate"].enabled.value:
        raise SystemExit("not as meant: %r %r" % ((can.unknown, can.refused, can.garbage), kernel["gate"].conditions()))
    print("frames", *timed(feeder, passes))
    print("bytes", *allocated(feeder, False))
    print("locked", *allocated(feeder, True))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
