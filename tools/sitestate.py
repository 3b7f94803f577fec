"""The simulated site as data: what vehicles, power modules, buses and the central system are doing now."""

from __future__ import annotations

import json
import time
from typing import Any

from tools.link import CALL, CALLERROR, Message
from tools.point import Transaction, energies
from tools.station import SimulatedOutlet, Station

_MESSAGES = 12
_TRANSACTIONS = 5
_PAYLOAD = 160  # characters of it that are shown


def state(station: Station) -> dict[str, Any]:
    """The state, of plain values. Units: V, A, W, Wh, per cent, degC."""
    central, firmware = station.central, station.firmware
    books = central.books
    return {
        "outlets": [_outlet(number, outlet) for number, outlet in enumerate(station.outlets, 1)],
        "central": {
            "online": central.online,
            "connected": list(central.points),
            "transactions": [_transaction(one) for one in list(books.transactions.values())[-_TRANSACTIONS:]],
            "running": [one.id for one in books.transactions.values() if one.stop is None],
            "cards": {tag: books.tag_info(tag)["status"] for tag in books.tags},
            "other_cards": "refused" if books.strict else "accepted",
            "messages": [_message(one) for one in list(central.messages)[-_MESSAGES:]],
        },
        "firmware": {"runs": firmware.runs, "starts": firmware.starts},
    }


def _outlet(number: int, outlet: SimulatedOutlet) -> dict[str, Any]:
    battery, vehicle, module, hub = outlet.battery, outlet.vehicle, outlet.module, outlet.hub
    return {
        "number": number,
        "vehicle": {
            "plugged": vehicle.plugged,
            "pack": battery.pack.name,
            "soc": round(battery.soc * 100, 1),
            "permits": vehicle.permits,
            "full": vehicle.full,
            "request_a": battery.pack.max_a if vehicle.max_a is None else vehicle.max_a,
        },
        "module": {
            "on": module.charging,
            "v": round(module.voltage_v, 1),
            "a": round(module.current_a, 1),
            "w": round(module.voltage_v * module.current_a),
            "temperature_c": round(module.temperature_c, 1),
            "delivered_wh": round(module.delivered_wh, 3),
        },
        "bus": {"ok": not hub.broken, "frames": hub.frames},
    }


def _transaction(one: Transaction) -> dict[str, Any]:
    begin = one.start["meter_start"]
    register = one.stop["meter_stop"] if one.stop else (_registers(one) or [begin])[-1]
    return {
        "id": one.id,
        "outlet": one.start["connector_id"],
        "card": one.start["id_tag"],
        "wh": round(register - begin),
        "runs": one.stop is None,
        "reason": (one.stop or {}).get("reason", "Local") if one.stop else "",
    }


def _registers(one: Transaction) -> list[float]:
    """The register of the last sample that came, Wh; empty without one."""
    return energies(one.meter_values[-1]["meter_value"]) if one.meter_values else []


def _message(one: Message) -> dict[str, Any]:
    text = one.raw if isinstance(one.raw, str) else repr(one.raw)
    if one.kind is not None:
        text = json.dumps(one.payload)
    kind = {CALL: "CALL", CALLERROR: "CALLERROR", None: "?"}.get(one.kind, "CALLRESULT")
    return {
        "time": time.strftime("%H:%M:%S", time.localtime(one.time)),
        "from_charger": one.direction == "in",
        "kind": kind,
        "action": one.action,
        "text": text if len(text) <= _PAYLOAD else text[:_PAYLOAD] + " ...",
    }


def status_lines(now: dict[str, Any]) -> list[str]:
    """The state as lines for a terminal."""
    outlets, central = now["outlets"], now["central"]
    lines = []
    for outlet in outlets:
        where = f" {outlet['number']}" if len(outlets) > 1 else ""
        vehicle, module, bus = outlet["vehicle"], outlet["module"], outlet["bus"]
        lines += [
            f"vehicle{where}  {'plugged in' if vehicle['plugged'] else 'unplugged'}, {vehicle['pack']} pack, "
            f"SoC {vehicle['soc']:.1f}%, {'permits' if vehicle['permits'] else 'stops'} charging",
            f"module{where}   {'on' if module['on'] else 'off'}, {module['v']:.1f} V, "
            f"{module['a']:.1f} A, {module['temperature_c']:.1f} degC, delivered {module['delivered_wh']:.3f} Wh",
            f"bus{where}      {'ok' if bus['ok'] else 'off'}, {bus['frames']} frames",
        ]
    running = ", ".join(map(str, central["running"]))
    connected = ", ".join(central["connected"]) or "no charge point"
    offline = "" if central["online"] else "offline, "
    return [*lines, f"central  {offline}{connected} connected, transaction {running or 'none'}"]
