"""The bus hub with the simulated power module and battery on it, in a process of its own. Prints its port.

The vehicle's BMS is somebody else's unless ``vehicle`` is given; then it is plugged in from the start.
"""

from __future__ import annotations

import asyncio
import sys

from tools.battery import Battery
from tools.hub import Hub
from tools.powermodule import PowerModule
from tools.vehicle import Vehicle


async def run(with_vehicle: bool) -> None:
    """Until ended."""
    hub = await Hub().start()
    module = PowerModule(hub.url)
    await module.start()
    battery = Battery("Classic", 0.4)
    module.attach(battery)
    if with_vehicle:
        vehicle = Vehicle(hub.url, battery, module)
        await vehicle.start()
        vehicle.plug()
    print("port", hub.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run("vehicle" in sys.argv[1:]))
