"""Runs inside MicroPython: a firmware of three components whose tasks never rest, for test_interrupt.py.

With the argument "collect" what keeps them busy is the garbage collector.
"""

import gc
import sys

_ROOT = __file__.rpartition("/")[0] + "/../.."
sys.path[:0] = [_ROOT, _ROOT + "/lib", _ROOT + "/tests_unix/core"]

import main  # noqa: E402
from core.clock import Clock  # noqa: E402
from core.kernel import Kernel  # noqa: E402
from core.log import Log, LogTail  # noqa: E402
from core.tasks import together  # noqa: E402


class Busy:
    """Two tasks that compute all the time."""

    requires = ("clock",)
    begun = 0

    def __init__(self, clock):
        self._clock = clock

    async def run(self):
        await together(self._spin(), self._spin())

    async def _spin(self):
        Busy.begun += 1
        if Busy.begun == 2 * len(Board.COMPONENTS):  # a task that is hit before its first step cannot end itself
            sys.stdout.write("alive\n")
        while True:
            if "collect" in sys.argv:
                gc.collect()
            else:
                for _ in range(20000):
                    pass
            await self._clock.sleep_ms(0)

    async def stop(self):
        print("stopped")


class Board:
    NAME = "busy"
    COMPONENTS = tuple([{"name": f"busy{i}", "use": "busy_firmware:Busy", "critical": True} for i in range(3)])


if __name__ == "__main__":
    kernel = Kernel(Board, {}, Clock(), Log(LogTail(Clock()), "test"))
    kernel.alive.watch(lambda alive: alive or sys.stdout.write("closed\n"))  # needs no memory
    sys.exit(main.run(kernel))
