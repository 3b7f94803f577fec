"""The ESP32 with Infypower modules: two of them on its own controller at 125 kbit/s, the vehicle on an MCP2515.

The limits are those of modules that deliver 50 to 500 V.
"""

from boards import rivot_esp32 as reference
from boards import rivot_esp32_dual as dual

NAME = "rivot_esp32_infy"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = reference.SETTINGS

# What is on the bus of the modules, and who speaks with the vehicle on its own
MODULE_BUS = (
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
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
)

CAN_DRIVER = {
    "name": "can_driver",
    "use": "drivers.can.twai_esp32:TwaiEsp32",
    "options": {"tx": 21, "rx": 22, "bitrate": 125000},
}

METER = {
    "name": "meter",
    "use": "components.meter.terminal:TerminalMeter",
    "options": {"power_period_ms": 100},  # the modules are polled so often
}

COMPONENTS = (
    tuple([entry for entry in reference.COMMON if entry["name"] != "meter"])
    + (CAN_DRIVER, METER)
    + MODULE_BUS
    + dual.VEHICLE_BUS
)
