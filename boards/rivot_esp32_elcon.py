"""The ESP32 with two Elcon/TC chargers as power modules on its own controller, and the vehicle on an MCP2515.

On one bus the vehicle's charge request would switch the first module and bypass the gate.
"""

from boards import rivot_esp32 as reference
from boards import rivot_esp32_dual as dual

NAME = "rivot_esp32_elcon"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = reference.SETTINGS

# What is on the bus of the modules, and who speaks with the vehicle on its own
MODULE_BUS = (
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
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
)

METER = {
    "name": "meter",
    "use": "components.meter.terminal:TerminalMeter",
    "options": {"power_period_ms": 1000},  # a module sends its status once a second
}

COMPONENTS = (
    tuple([entry for entry in reference.COMMON if entry["name"] != "meter"])
    + (reference.CAN_DRIVER, METER)
    + MODULE_BUS
    + dual.VEHICLE_BUS
)
