"""The firmware of the unix board with one component more, which measures.

    micropython bench/device/firmware.py HOME package.module:Class OPTIONS [SLOWER [FREE]]

OPTIONS is a JSON object of the component's options. SLOWER stretches the firmware's time: a tool that makes the machine
so many times slower must not make it look as if periodic work came so many times more often. FREE is how many bytes of
the heap are left to the firmware beyond its loaded code. Exit status as main.py's.

All code is loaded before, and stays: an image has it frozen, and what is loaded on demand is there a dictionary of
names and functions, while here it would be compiled anew each time.
"""

import asyncio
import gc
import json
import os
import sys

_ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path.insert(0, _ROOT)

from core import loading  # noqa: E402

loading.unload = lambda name: None  # before anybody else takes it from there

from bench.device.heap import fill  # noqa: E402
from core.clock import Clock  # noqa: E402
from core.declare import load_class  # noqa: E402
from core.kernel import Kernel  # noqa: E402
from core.log import Log, LogTail  # noqa: E402
from core.settings import read_settings  # noqa: E402
from main import load_board, run  # noqa: E402  (it puts lib into the path)


class SlowClock(Clock):
    """A clock that goes `slower` times slower."""

    def __init__(self, slower):
        self._slower = slower
        super().__init__()

    def ticks_ms(self):
        return super().ticks_ms() // self._slower

    def sleep_ms(self, ms):
        return asyncio.sleep_ms(ms * self._slower)


class Board:
    """The unix board and the probe, which is built as early as what it requires allows."""

    def __init__(self, probe, options):
        unix = load_board("unix")
        self.NAME = "bench"
        self.COMPONENTS = ({"name": "probe", "use": probe, "options": options},) + tuple(map(_small, unix.COMPONENTS))
        self.SETTINGS = unix.SETTINGS


def _small(entry):
    """The entry of a component as a device without external RAM would have it: the black box's ring is small."""
    return dict(entry, options={"bytes": 4096}) if entry["name"] == "blackbox" else entry


def load_all(package):
    """Import the modules of a package, and of those in it."""
    folder = "%s/%s" % (_ROOT, package.replace(".", "/"))
    for name, kind in sorted([entry[:2] for entry in os.ilistdir(folder)]):
        if kind == 0x4000 and not name.startswith("_"):
            load_all(package + "." + name)
        elif name.endswith(".py"):
            __import__(package if name == "__init__.py" else package + "." + name[:-3])


def main(home, probe, options, slower="1", free="0"):
    """Load all code, print ``code BYTES`` and ``base BYTES`` (of the heap; with the ballast), build and run."""
    board = Board(probe, json.loads(options))
    for entry in board.COMPONENTS:
        load_class(entry["use"])
    for package in ("core", "components"):
        load_all(package)
    gc.collect()
    print("code", gc.mem_alloc())
    ballast = fill(int(free)) if free != "0" else None
    print("base", gc.mem_alloc())
    clock = SlowClock(int(slower)) if slower != "1" else Clock()
    log = Log(LogTail(clock), "main")
    status = run(Kernel(board, read_settings(home + "/settings.json"), clock, log, home))
    del ballast  # until now it must be there
    return status


sys.exit(main(*sys.argv[1:]))
