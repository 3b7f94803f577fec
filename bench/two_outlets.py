"""The board qemu_arm with a second outlet, whose bus is on UART 3, and a budget: for measuring what an outlet costs."""

from boards import qemu_arm

NAME = "two_outlets"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME
MORE_HEAP_KB = 40  # so that it is weighed, and not cut off

_NAMES = ("gate", "can_driver", "can", "bms", "charger", "feedback", "meter", "plug")
_PARTS = tuple([entry for entry in qemu_arm.COMPONENTS if entry["name"] in _NAMES])
_UART_3 = {"port": "uart:3", "bitrate": 250000}
_SECOND = tuple([dict(one, options=_UART_3) if one["name"] == "can_driver" else one for one in _PARTS])

COMPONENTS = tuple([entry for entry in qemu_arm.COMPONENTS if entry["name"] not in _NAMES + ("evse",)]) + (
    {"scope": "1", "components": _PARTS + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 1}},)},
    {"scope": "2", "components": _SECOND + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 2}},)},
    {"name": "budget", "use": "components.budget:Budget", "options": {"limit_ma": 300000}, "critical": True},
)

SETTINGS = dict(
    qemu_arm.SETTINGS, can={"1": {"port": "1/can_driver.port"}, "2": {"port": "2/can_driver.port"}}
)
