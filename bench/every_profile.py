"""The reference board in QEMU: every component of `boards.rivot_esp32`, in its order, on qemu_arm's UARTs.

For measuring only. A driver of the chip's own hardware is replaced by the one that does its work there: SLCAN on
UART 1, the line to the central system on UART 2, slots for images as files, an NVS in RAM. What needs sockets (updates,
uploads) is built and runs, and fails when it is requested.
"""

from boards import qemu_arm
from boards import rivot_esp32 as reference

NAME = "every_profile"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME
MORE_HEAP_KB = 80  # the second area: what is weighed must fit beside what weighs it

_QEMU: dict = {entry["name"]: entry for entry in qemu_arm.COMPONENTS}
_IN_PLACE: dict = {
    "heap": _QEMU["heap"],
    "can_driver": _QEMU["can_driver"],
    "wifi_driver": _QEMU["wifi_driver"],
    "system_heap": {"name": "system_heap", "use": "bench.device.idfheap:RoomyHeap"},
    "web": {"name": "web", "use": "bench.device.uartweb:UartWeb", "options": {"port": 80}},
    "nvs": {"name": "nvs", "use": "bench.device.nvs:RamNvs"},
    "sink": {"name": "sink", "use": "drivers.filesink:FileSink", "options": {"magic": "e9", "reserve": 65536}},
}

COMPONENTS = tuple([_IN_PLACE.get(entry["name"], entry) for entry in reference.COMPONENTS])
if _QEMU["heap"] not in COMPONENTS:
    COMPONENTS = (_QEMU["heap"],) + COMPONENTS

SETTINGS = dict(reference.SETTINGS, can=qemu_arm.SETTINGS["can"], wifi=qemu_arm.SETTINGS["wifi"])
