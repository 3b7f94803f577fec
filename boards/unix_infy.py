"""The unix port with Infypower modules: two of them on a bus of their own at 125 kbit/s, the vehicle on another one.

The limits are those of modules that deliver 50 to 500 V.
"""

from boards import unix

NAME = "unix_infy"
PORT = unix.PORT

COMPONENTS = unix.COMMON + (
    {"name": "can_driver", "use": "drivers.slcan:Slcan", "options": {"bitrate": 125000}},
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
    {"name": "vehicle_can_driver", "use": "drivers.slcan:Slcan", "options": {"bitrate": 250000}},
    {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_can_driver"}, "critical": True},
    {
        "name": "bms",
        "use": "components.bms:Bms",
        "bind": {"can": "vehicle_can"},
        "options": {"highest_mv": 500000},
        "critical": True,
    },
    {
        "name": "charger",
        "use": "components.charger.infy:Infypower",
        "options": {
            "addresses": (0, 1),
            "group": 1,
            "min_voltage_mv": 50000,
            "max_voltage_mv": 500000,
            "max_current_ma": 200000,
            "max_temperature_mdeg": 70000,
        },
        "critical": True,
    },
    {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {"register_pause_ms": 1000},  # nothing wears out here
    },
    {"name": "feedback", "use": "components.feedback:Feedback", "bind": {"can": "vehicle_can"}, "critical": True},
)

SETTINGS = dict(unix.SETTINGS, can={"port": "can_driver.port", "vehicle_port": "vehicle_can_driver.port"})
