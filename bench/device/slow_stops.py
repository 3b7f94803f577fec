"""The board of stops.py on a medium whose every flush takes 60 ms, as the erase of a flash's block does.

``micropython main.py bench.device.slow_stops --home DIR``
"""

from bench.device import stops

NAME = "unix_slow_stops"
PORT = stops.PORT
SETTINGS = stops.SETTINGS

COMPONENTS = tuple(
    [dict(entry, use="bench.device.slow:Slow") if entry["name"] == "store" else entry for entry in stops.COMPONENTS]
)
