"""What an attacker on the bus, or a bad module, does to the bill: each is started on a `Station` while it charges.

A false frame comes from a node of its own, just before each true one; a true frame cannot be removed from the bus.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from tools.powermodule import TERMINAL_POWER, PowerModule
from tools.station import Station
from tools.vehicle import CHARGE_REQUEST

_BESIDE_S = 0.004
_GAP_S = 4.0
_STEP_S = 30
_CURRENT_A = 25  # of the 30 A that the smallest vehicle wants


def _module(station: Station) -> PowerModule:
    """The tricks are played with the frames of the reference protocol."""
    assert isinstance(station.module, PowerModule)
    return station.module


def false_current(station: Station, amps: float) -> None:
    """A terminal power frame with another current before each true one."""

    module = _module(station)

    def report(volts: float, _: float) -> None:
        station.hub.send(TERMINAL_POWER, struct.pack(">ff", volts, amps * module.scale))

    module.on_report = report


def no_current(station: Station) -> None:
    """0 A are said to flow."""
    false_current(station, 0.0)


def much_current(station: Station) -> None:
    """299 A are said to flow."""
    false_current(station, 299.0)


def flapping_stop(station: Station) -> None:
    """The vehicle sends a stop when terminal power is due, and permits charging again 4 ms after it."""
    loop = asyncio.get_running_loop()
    pack = station.battery.pack

    def request(switch: int) -> None:
        data = struct.pack(">HHBBH", round(pack.max_v * 10), round(pack.max_a * 10), switch, 0, 0)
        station.hub.send(CHARGE_REQUEST, data)

    def report(_volts: float, _amps: float) -> None:
        request(1)
        loop.call_later(_BESIDE_S, request, 0)

    station.module.on_report = report


def gaps(station: Station) -> None:
    """Terminal power comes once in 4 s only."""
    module = _module(station)
    send, last = module.send, [-_GAP_S]

    def seldom(can_id: int, data: bytes) -> None:
        if can_id == TERMINAL_POWER:
            now = asyncio.get_running_loop().time()
            if now - last[0] < _GAP_S:
                return
            last[0] = now
        send(can_id, data)

    module.send = seldom  # type: ignore[method-assign]


TRICKS: dict[str, Callable[[Station], None]] = {
    "0 A before each measurement": no_current,
    "299 A before each measurement": much_current,
    "a stop around each measurement": flapping_stop,
    "a measurement every 4 s": gaps,
}


async def register_wh(station: Station) -> float:
    """The energy register, as the console shows it."""
    since = station.firmware.mark
    await station.firmware.write("2\n")
    return float((await station.firmware.wait_output(r"register: (\d+\.\d+) Wh", 10, since))[1])


async def billed_and_delivered_wh(station: Station, trick: Callable[[Station], None], seconds: float):
    """(billed, delivered) in a session that begins at once, with so many seconds of a trick when its current flows.

    Delivered is what the simulated output integrates every 20 ms, not what its frames report.
    """
    module = _module(station)
    before = await register_wh(station), module.output_wh
    station.vehicle.plug()
    await station.until(lambda: station.vehicle.feedback is not None, _STEP_S, "feedback")
    await station.firmware.write("auth CARD\n")
    await station.until(lambda: module.current_a > _CURRENT_A, _STEP_S, "current")
    trick(station)
    await asyncio.sleep(seconds)
    await station.firmware.write("t\n")
    await station.until(lambda: module.current_a < 0.1, _STEP_S, "end of the current")
    await asyncio.sleep(2 * (_GAP_S if trick is gaps else module.power_period_s) + 0.3)
    return await register_wh(station) - before[0], module.output_wh - before[1]
