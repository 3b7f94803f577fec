"""The reference board with a module that has external RAM (ESP32-WROVER), where the GC heap is.

GPIO 16 and 17 are the RAM's; the pins of the reference board are free.
"""

from boards import rivot_esp32 as reference

NAME = "rivot_esp32_spiram"
PORT_BOARD = "UCHARGE_SPIRAM"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = reference.SETTINGS
COMPONENTS = reference.COMPONENTS
