"""Metrics in Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/"""

import asyncio
from micropython import const

from .wire import begin

# Name, type, help, piece, its value, and by how much that is divided. All constant: a frozen table takes no RAM.
_STATION = const((
    ("ucharge_uptime_seconds", "gauge", "Since the start", "station", "uptime_ms", 1000),
    ("ucharge_network_up", "gauge", "Connected to a network", "station", "network", 1),
    ("ucharge_central_up", "gauge", "Accepted by the central system", "station", "central", 1),
    ("ucharge_emergency_stop", "gauge", "It is pressed", "station", "emergency_stop", 1),
    ("ucharge_heap_free_bytes", "gauge", "Free in Python's heap", "station", "heap_free", 1),
    ("ucharge_system_heap_free_bytes", "gauge", "Free in the system's heap", "station", "system_free", 1),
    ("ucharge_boots_total", "counter", "Starts", "boot", "boot_count", 1),
    ("ucharge_loop_lag_max_seconds", "gauge", "By how much the loop was late", "loop", "lag_max_ms", 1000),
    ("ucharge_wifi_rssi_dbm", "gauge", "Strength of the Wi-Fi", "network", "rssi", 1),
    ("ucharge_wifi_losses_total", "counter", "Lost connections to the network", "network", "losses", 1),
))  # fmt: skip
_OUTLET = const((
    ("ucharge_outlet_plugged", "gauge", "A vehicle is plugged in", "", "plugged", 1),
    ("ucharge_outlet_enabled", "gauge", "The gate is open", "", "enabled", 1),
    ("ucharge_outlet_voltage_volts", "gauge", "At the terminals", "", "terminal_voltage_mv", 1000),
    ("ucharge_outlet_current_amperes", "gauge", "At the terminals", "", "terminal_current_ma", 1000),
    ("ucharge_outlet_power_watts", "gauge", "At the terminals", "", "power_mw", 1000),
    ("ucharge_outlet_soc_ratio", "gauge", "State of charge", "", "soc_permille", 1000),
    ("ucharge_outlet_session_energy_watthours", "gauge", "Of this session, or the last", "", "session_mwh", 1000),
    ("ucharge_outlet_energy_watthours_total", "counter", "The register", "/meter", "energy_mwh", 1000),
    ("ucharge_outlet_module_temperature_celsius", "gauge", "Of the power module", "/module", "temperature_mdeg", 1000),
))  # fmt: skip


async def metrics(web, request):
    """All that are known."""
    await begin(request, "text/plain; version=0.0.4; charset=utf-8")
    snapshot = web.operator.snapshot()
    for name, kind, words, path, key, divisor in _STATION:
        value = snapshot[path][key]
        if value is not None:
            await request.write(_title(name, kind, words))
            await request.write("%s %s\n" % (name, _number(value, divisor)))
        await asyncio.sleep_ms(0)
    outlets = list(snapshot.outlets())
    await request.write(_title("ucharge_outlet_state", "gauge", "1 for the state that it is in"))
    for path in outlets:
        row = (path.partition("/")[2], snapshot[path]["state"])
        await request.write('ucharge_outlet_state{outlet="%s",state="%s"} 1\n' % row)
    for name, kind, words, of, key, divisor in _OUTLET:
        await request.write(_title(name, kind, words))
        for path in outlets:
            value = snapshot[path + of][key]
            if value is not None:
                place = path.partition("/")[2]
                await request.write('%s{outlet="%s"} %s\n' % (name, place, _number(value, divisor)))
        await asyncio.sleep_ms(0)
    await request.end()


def _title(name, kind, words):
    return "# HELP %s %s\n# TYPE %s %s\n" % (name, words, name, kind)


def _number(value, divisor):
    """Text of an integer over 1 or 1000, exactly."""
    value = int(value)
    if divisor == 1:
        return str(value)
    return "%s%d.%03d" % ("-" if value < 0 else "", abs(value) // 1000, abs(value) % 1000)
