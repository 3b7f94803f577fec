"""Heartbeat and MeterValues: how many round trips a second, beside a charge point on the ocpp library."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.children import BenchError, Child, micropython, python
from bench.site import Central, bus, write_settings
from bench.table import LOWER, Row, median

ACTIONS = ("Heartbeat", "MeterValues")
_TARGET = 5  # times the peer's
_Figures = dict[str, tuple[float, float]]  # action -> (round trips a second, CPU us of the charge point for each)


def trips_command(home: Path, heartbeats: int, meter_values: int) -> list[str]:
    """The firmware with the probe of device/trips.py."""
    options = {"heartbeats": heartbeats, "meter_values": meter_values}
    return micropython("firmware.py", home, "bench.device.trips:Trips", json.dumps(options))


def ours(home: Path, count: int) -> _Figures:
    """Our figures."""
    with Child(trips_command(home, count, count)) as child:
        return _read(child)


def peer(url: str, count: int, *options: str) -> _Figures:
    """The peer's figures."""
    with Child(python("peer", "trips", url, count, count, *options)) as child:
        return _read(child)


def _read(child: Child) -> _Figures:
    found = {}
    for action in ACTIONS:
        count, elapsed_us, cpu_us = map(int, child.line(action + " ").split())
        found[action] = count / elapsed_us * 1e6, cpu_us / count
    if child.wait():
        raise BenchError("ended badly: " + "\n".join(child.lines[-20:]))
    return found


def measure(quick: bool) -> list[Row]:
    """The rows about round trips."""
    runs, count = (1, 20) if quick else (5, 600)
    results: dict[str, list[_Figures]] = {"ours": [], "peer": [], "direct": []}
    with tempfile.TemporaryDirectory() as directory, bus() as can_port, Central() as central:
        home = Path(directory)
        write_settings(home, central.url, can_port)
        for _ in range(runs):
            results["ours"].append(ours(home, count))
            results["peer"].append(peer(central.url, count))
            results["direct"].append(peer(central.url, count, "direct"))
    return [row for action in ACTIONS for row in _rows(action, results)]


def _rows(action: str, results: dict[str, list[_Figures]]) -> list[Row]:
    rates = {who: [run[action][0] for run in runs] for who, runs in results.items()}
    cpu = {who: [run[action][1] for run in runs] for who, runs in results.items()}
    trips, direct = median(rates["ours"]), median(rates["direct"])
    direct_cpu = median(cpu["direct"])
    return [
        Row(
            "round trips",
            f"{action} round trips",
            "1/s",
            trips,
            median(rates["peer"]),
            target=_TARGET,
            of_ratio=True,
            note="Until the central system has answered: its own time (about 100 us of CPU, and two process switches) "
            "is in both figures. The peer as its library is; told to validate in its event loop: "
            f"{direct:,.0f}/s ({trips / direct:.2f}).",
            runs=rates,
        ),
        Row(
            "round trips",
            f"{action}, processor time of the charge point",
            "us",
            median(cpu["ours"]),
            median(cpu["peer"]),
            LOWER,
            note="The same runs, without the central system's part. The peer told to validate in its event loop: "
            f"{direct_cpu:,.0f} us.",
            runs=cpu,
        ),
    ]
