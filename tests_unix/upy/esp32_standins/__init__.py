"""Stand-ins of the modules ``esp32``, ``network`` and ``machine``: they refuse what those of the ESP32 refuse.

Written from MicroPython 1.25's ports/esp32 (esp32_nvs.c, esp32_partition.c, network_wlan.c, network_common.c,
machine_wdt.c, machine_rtc.c) and what ESP-IDF does below them. ``device = Device(); device.install()``; then
``device.restart()`` is a reset with the bootloader's part of it, ``device.restart(power_cut=True)`` loses what was not
committed.
"""

import sys

from .heap import HEAP_DATA, HEAP_EXEC, Heap
from .machine import Machine
from .network import Network
from .nvs import Nvs
from .partition import Flash


class Module:
    """What an import statement gets: the attributes are those of `parts`."""

    def __init__(self, **parts):
        for name, value in parts.items():
            setattr(self, name, value)


class Device:
    """An ESP32 with two OTA slots. ``nvs``, ``flash``, ``radio``, ``heap`` and ``machine`` are what is in it."""

    def __init__(self, slots=2, slot_size=65536):
        self.nvs = Nvs()
        self.flash = Flash(slots, slot_size)
        self.radio = Network()
        self.heap = Heap()
        self.machine = Machine()

    def install(self, **machine):
        """Have the import statements find them; `machine` adds to that module, such as a Pin."""
        for name, value in machine.items():
            setattr(self.machine, name, value)
        sys.modules["esp32"] = Module(
            NVS=self.nvs.open,
            Partition=self.flash.partition_class(),
            idf_heap_info=self.heap.info,
            HEAP_DATA=HEAP_DATA,
            HEAP_EXEC=HEAP_EXEC,
        )
        sys.modules["network"] = self.radio
        sys.modules["machine"] = self.machine
        return self

    def restart(self, power_cut=False):
        """A reset: the bootloader chooses an image, drivers start anew."""
        self.nvs.restart(power_cut)
        self.flash.boot()
        parts = {name: getattr(self.machine, name) for name in ("Pin", "Timer", "mem32", "SPI", "UART", "CAN")
                 if hasattr(self.machine, name)}  # fmt: skip
        self.radio = Network(self.radio.air)
        self.heap = Heap()
        self.machine = Machine(1) if power_cut else Machine(2, self.machine.RTC)
        return self.install(**parts)


