"""The board qemu_arm with Infypower modules, for tests: 32 bit and the heap of an ESP32."""

from boards import qemu_arm, rivot_esp32_infy

NAME = "qemu_infy"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME
SETTINGS = qemu_arm.SETTINGS

_OF_DEVICE = {entry["name"]: entry for entry in rivot_esp32_infy.MODULE_BUS}
INSTEAD = {
    "can_driver": {
        "name": "can_driver",
        "use": "drivers.can.slcan:Slcan",
        "options": {"port": "uart:1", "bitrate": 125000},
    },
    "bms": {"name": "bms", "use": "components.bms:Bms", "options": {"highest_mv": 500000}, "critical": True},
    "charger": _OF_DEVICE["charger"],
    "meter": {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {"power_period_ms": 100, "register_pause_ms": 1000},
    },
}
COMPONENTS = tuple([INSTEAD.get(entry["name"], entry) for entry in qemu_arm.COMPONENTS])
