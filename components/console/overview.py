"""The status lines of the console, made of the operator's snapshot; loaded for them."""

from components.console.figures import fixed, text_of


def status_lines(snapshot):
    """Generator of two lines, or with several outlets one more for each."""
    station = snapshot["station"]
    outlets = [(path.partition("/")[2], snapshot[path]) for path in snapshot.outlets()]
    several = len(outlets) > 1
    yield "[Status] Uptime: %ds | WiFi: %s | OCPP: %s | State: %s" % (
        station["uptime_ms"] // 1000,
        "\u2705" if station["network"] else "\u274c",
        "Connected" if station["central"] else "Disconnected",
        ", ".join([number + " " + text_of(it["state"]) if several else text_of(it["state"]) for number, it in outlets]),
    )
    heaps = ""
    if station["system_free"] is not None:
        heaps = " Heap=%dB System=%dB" % (station["heap_free"], station["system_free"])
    for number, outlet in outlets:
        yield "[Metrics%s] V=%sV I=%sA SOC=%s%% Energy=%sWh%s" % (
            " " + number if several else "",
            fixed(outlet["terminal_voltage_mv"], 1000),
            fixed(outlet["terminal_current_ma"], 1000),
            fixed(outlet["soc_permille"], 10, 0),
            fixed(outlet["session_mwh"], 1000, 2),
            heaps,
        )
