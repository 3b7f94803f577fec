"""The unix board for the stop latency: its vehicle may stop and permit again and again, without the pause after a stop.

``micropython main.py bench.device.stops --home DIR``
"""

from boards import unix

NAME = "unix_stops"
PORT = unix.PORT
SETTINGS = unix.SETTINGS

_OFTEN = {"bms_stop_ms": 0, "bms_stops": 0}

COMPONENTS = tuple([dict(entry, options=_OFTEN) if entry["name"] == "gate" else entry for entry in unix.COMPONENTS])
