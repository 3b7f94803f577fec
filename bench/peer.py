"""The peer: a charge point on the ``ocpp`` library (mobilityhouse) and ``websockets``, as their documentation shows it.

    python -m bench.peer boot URL                      until BootNotification is accepted, then waits for its end
    python -m bench.peer trips URL HEARTBEATS METERVALUES [direct]
    python -X tracemalloc -m bench.peer heap URL METERVALUES
    python -m bench.peer charger URL HUB_PORT          and a charger: python-can in the same event loop
    python -m bench.peer again URL                     for ever, connecting again whenever the connection is lost

The library validates what it sends and what it gets, in a thread of its own; ``direct`` turns its own switch so that it
does so in the event loop, which is quicker.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc

import can
import ocpp.messages
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

_WARM_UP = 20
_MEASURANDS = (
    ("Energy.Active.Import.Register", "Wh"),
    ("Power.Active.Import", "W"),
    ("Current.Import", "A"),
    ("Voltage", "V"),
    ("SoC", "Percent"),
)
_KEYS = 34  # as many as the firmware has


class Point(ChargePoint):
    """A charge point that has a configuration."""

    @on(Action.get_configuration)
    def configuration(self, **_):
        keys = [{"key": f"ConfigurationKey{n:02}", "readonly": n % 3 == 0, "value": str(n)} for n in range(_KEYS)]
        return call_result.GetConfiguration(configuration_key=keys)


def meter_values() -> call.MeterValues:
    """What the firmware sends with its default measurands."""
    values = [
        {"value": "1234.567", "context": "Sample.Periodic", "measurand": measurand, "unit": unit}
        for measurand, unit in _MEASURANDS
    ]
    values[-1]["location"] = "EV"
    meter_value = [{"timestamp": "2026-01-01T12:00:00.000Z", "sampled_value": values}]
    return call.MeterValues(connector_id=1, transaction_id=1, meter_value=meter_value)


async def boot(point: ChargePoint) -> None:
    """Have a BootNotification accepted."""
    answer = await point.call(call.BootNotification(charge_point_model="peer", charge_point_vendor="ocpp"))
    if answer is None or answer.status != "Accepted":
        raise SystemExit(f"BootNotification: {answer}")


async def repeat(point: ChargePoint, make, count: int) -> None:
    """Make `count` round trips."""
    for _ in range(count):
        if await point.call(make()) is None:
            raise SystemExit("a call was refused")


async def trips(point: ChargePoint, heartbeats: int, meter: int) -> None:
    """Print the time of all Heartbeats and of all MeterValues, in µs."""
    for name, make, count in (("Heartbeat", call.Heartbeat, heartbeats), ("MeterValues", meter_values, meter)):
        await repeat(point, make, min(_WARM_UP, count))
        cpu, began = time.process_time(), time.perf_counter()
        await repeat(point, make, count)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(name, count, round(elapsed * 1e6), round(cpu * 1e6), flush=True)


async def heap(point: ChargePoint, meter: int) -> None:
    """Print the bytes of Python objects: in use now, and at the peak since the imports."""
    await repeat(point, meter_values, meter)
    print("heap", *tracemalloc.get_traced_memory(), flush=True)


async def charger(port: str) -> None:
    """Start and stop the power module as the BMS says, and say so again every 300 ms."""
    bus = can.Bus(interface="slcan", channel=f"socket://127.0.0.1:{port}", bitrate=250_000)
    permitted = False

    def switch() -> None:
        data = bytes((1, 0x32, 0, 0 if permitted else 1, 0, 0, 0, 0))
        bus.send(can.Message(arbitration_id=0x068181FE, data=data, is_extended_id=True))

    def heard(message: can.Message) -> None:
        nonlocal permitted
        if message.arbitration_id == 0x1806E5F4 and permitted != (message.data[4] == 0):
            permitted = not permitted
            switch()

    notifier = can.Notifier(bus, [heard], loop=asyncio.get_running_loop())
    try:
        while True:
            switch()
            await asyncio.sleep(0.3)
    finally:
        notifier.stop()
        bus.shutdown()


async def again(url: str) -> None:
    """Connect again and again, as the library's documentation has it, with a ping each second."""
    protocol = Subprotocol("ocpp1.6")
    async for websocket in connect(url + "/PEER", subprotocols=[protocol], ping_interval=1, ping_timeout=1):
        point = Point("PEER", websocket)
        booting = asyncio.create_task(boot(point))
        try:
            await point.start()
        except ConnectionClosed:
            booting.cancel()


async def run(mode: str, url: str, arguments: list[str]) -> None:
    """Connect and do what is asked."""
    if mode == "again":
        await again(url)
    async with connect(url + "/PEER", subprotocols=[Subprotocol("ocpp1.6")]) as websocket:
        point = Point("PEER", websocket)
        serving = asyncio.create_task(point.start())
        await boot(point)
        print("accepted", flush=True)
        if mode == "trips":
            await trips(point, int(arguments[0]), int(arguments[1]))
        elif mode == "heap":
            await heap(point, int(arguments[0]))
        elif mode == "charger":
            await charger(arguments[0])
        else:
            await serving
        serving.cancel()


def main() -> None:
    """Run one of the modes."""
    mode, url, *arguments = sys.argv[1:]
    if arguments[-1:] == ["direct"]:
        ocpp.messages.ASYNC_VALIDATION = False
    if mode == "heap":
        gc.collect()
        print("code", tracemalloc.get_traced_memory()[0], flush=True)
        tracemalloc.reset_peak()
    asyncio.run(run(mode, url, arguments))


if __name__ == "__main__":
    main()
