"""The unix port with two Elcon/TC chargers as power modules, and the vehicle on a bus of its own.

On one bus the vehicle's charge request would switch the first module and bypass the gate: both requests have the same
identifier. The limits are those of the reference board.
"""

from boards import unix

NAME = "unix_elcon"
PORT = unix.PORT

COMPONENTS = unix.COMMON + (
    {"name": "can_driver", "use": "drivers.slcan:Slcan", "options": {"bitrate": 250000}},
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
    {"name": "vehicle_can_driver", "use": "drivers.slcan:Slcan", "options": {"bitrate": 250000}},
    {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_can_driver"}, "critical": True},
    {"name": "bms", "use": "components.bms:Bms", "bind": {"can": "vehicle_can"}, "critical": True},
    {
        "name": "charger",
        "use": "components.charger.elcon:Elcon",
        "options": {
            "addresses": (0xE5, 0xE6),
            "module_ma": 150000,
            "min_voltage_mv": 56000,
            "max_voltage_mv": 85500,
            "max_current_ma": 300000,
        },
        "critical": True,
    },
    {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {
            "power_period_ms": 1000,  # a module tells its status once a second
            "register_pause_ms": 1000,  # nothing wears out here
        },
    },
    {"name": "feedback", "use": "components.feedback:Feedback", "bind": {"can": "vehicle_can"}, "critical": True},
)

SETTINGS = dict(unix.SETTINGS, can={"port": "can_driver.port", "vehicle_port": "vehicle_can_driver.port"})
