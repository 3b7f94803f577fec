"""The reference board with a module that has external RAM (ESP32-WROVER), where the GC heap is.

GPIO 16 and 17 are the RAM's; the pins of the reference board are free.
"""

from boards import rivot_esp32 as reference

NAME = "rivot_esp32_spiram"
PORT_BOARD = "UCHARGE_SPIRAM"
HOME = reference.HOME
IDENTITY = reference.IDENTITY

# What the reference board's heap has no room for
SETTINGS = dict(reference.SETTINGS, sntp={"servers": "sntp.servers"})
COMMON = reference.COMMON + (
    {"name": "sntp", "use": "components.sntp:Sntp", "options": {"servers": "gateway,pool.ntp.org"}},
)

# The file system has room for it beside the journal and its copy while that is compacted
BLACKBOX = {"name": "blackbox", "use": "components.blackbox:BlackBox", "options": {"reserve": 98304}}

COMPONENTS = COMMON + (reference.CAN_DRIVER,) + reference.ONE_BUS + (BLACKBOX,)
