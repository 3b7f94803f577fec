"""The board qemu_arm with Elcon/TC chargers, for tests: 32 bit and the heap of an ESP32.

The machine has one bus. The vehicle is on it, too, so none of the modules has the address 0xE5.
"""

from boards import qemu_arm

NAME = "qemu_elcon"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME
SETTINGS = qemu_arm.SETTINGS

INSTEAD = {
    "charger": {
        "name": "charger",
        "use": "components.charger.elcon:Elcon",
        "options": {"addresses": (0xE6, 0xE7), "module_ma": 150000},
        "critical": True,
    },
    "meter": {
        "name": "meter",
        "use": "components.meter.terminal:TerminalMeter",
        "options": {"power_period_ms": 1000, "register_pause_ms": 1000},
    },
}
COMPONENTS = tuple([INSTEAD.get(entry["name"], entry) for entry in qemu_arm.COMPONENTS])
