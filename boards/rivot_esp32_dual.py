"""The ESP32 with two CAN buses: the power module on its own controller, the vehicle on an MCP2515 (8 MHz crystal).

So the vehicle gets our feedback on its own bus, and the power module's heartbeat, which has the same identifier, is
received.
"""

from boards import rivot_esp32 as reference

NAME = "rivot_esp32_dual"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = reference.SETTINGS

# The vehicle's bus
VEHICLE_BUS = (
    {
        "name": "vehicle_can_driver",
        "use": "drivers.can.mcp2515:Mcp2515",
        "options": {
            "sck": 18,
            "mosi": 23,
            "miso": 19,
            "cs": 5,
            "interrupt": 4,
            "crystal": 8000000,
            "bitrate": 250000,
        },
    },
    {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_can_driver"}, "critical": True},
    {"name": "feedback", "use": "components.feedback:Feedback", "bind": {"can": "vehicle_can"}, "critical": True},
)

COMPONENTS = (
    reference.COMMON
    + (
        reference.CAN_DRIVER,
        {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},
        {"name": "bms", "use": "components.bms:Bms", "bind": {"can": "vehicle_can"}, "critical": True},
        {
            "name": "charger",
            "use": "components.charger:Charger",
            "options": dict(reference.LIMITS, heartbeat=True),
            "critical": True,
        },
    )
    + VEHICLE_BUS
)
