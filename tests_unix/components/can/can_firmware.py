"""The CAN side of the firmware alone, run by MicroPython: ``can_firmware.py PORT HOME``.

A transaction runs and 100 A are permitted from the beginning, so charging depends on the bus only. Ends at end of
input, after printing the meter's register and what the bus says of itself.
"""

import asyncio
import sys

_ROOT = __file__.rpartition("/")[0] + "/../../.."
sys.path[:0] = [_ROOT, _ROOT + "/lib"]

from core.clock import Clock  # noqa: E402
from core.kernel import STOPPED, Kernel  # noqa: E402
from core.log import Log, LogTail  # noqa: E402


def board(port):
    """The unix board without what is above the CAN side; the vehicle may stop again and again."""
    from bench.device import stops as unix

    names = ("store", "gate", "can_driver", "can", "bms", "charger", "meter", "feedback", "plug")

    class Board:
        NAME = "can-only"
        COMPONENTS = tuple([entry for entry in unix.COMPONENTS if entry["name"] in names])
        SETTINGS = {"can": {"port": "can_driver.port"}}

    return Board


async def main(port, home):
    """Run until the input ends."""
    clock = Clock()
    kernel = Kernel(board(port), {"can": {"port": port}}, clock, Log(LogTail(clock), "main"), home)
    kernel["gate"].limit("transaction", 100000)
    kernel["gate"].transaction.set(True)
    running = asyncio.create_task(kernel.run())
    await asyncio.StreamReader(sys.stdin.buffer).read(1)
    register = kernel["meter"].read()
    can = kernel["can"]
    seen = list(can.describe())
    kernel.request_exit(STOPPED, "end of input")
    await running
    print("meter", register, "mWh,", can.rx, "frames received,", can.unknown, "unknown,", can.refused, "refused")
    print("\n".join(seen))


asyncio.run(main(*sys.argv[1:]))
