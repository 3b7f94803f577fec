"""The board qemu_arm with Infypower modules, for tests: 32 bit and the heap of an ESP32."""

from boards import qemu_arm

NAME = "qemu_infy"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME
SETTINGS = qemu_arm.SETTINGS

INSTEAD = {
    "can_driver": {
        "name": "can_driver",
        "use": "drivers.can.slcan:Slcan",
        "options": {"port": "uart:1", "bitrate": 125000},
    },
    "bms": {"name": "bms", "use": "components.bms:Bms", "options": {"highest_mv": 500000}, "critical": True},
    "charger": {
        "name": "charger",
        "use": "components.charger.infy:Infypower",
        "options": {
            "addresses": (0, 1),
            "group": 1,
            "min_voltage_mv": 50000,
            "max_voltage_mv": 500000,
            "max_current_ma": 200000,
        },
        "critical": True,
    },
    "meter": {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {"power_period_ms": 100, "register_pause_ms": 1000},
    },
}
COMPONENTS = tuple([INSTEAD.get(entry["name"], entry) for entry in qemu_arm.COMPONENTS])
