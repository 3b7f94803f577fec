"""The reference board with an ESP32-S3 (8 MB of flash, external RAM): CAN on GPIO 4 (TX) and 5 (RX), console on UART0.

GPIO 22 does not exist there; 26 to 37 are those of flash and RAM, 19 and 20 those of USB.
"""

from boards import rivot_esp32 as reference
from boards import rivot_esp32_spiram as roomy

NAME = "rivot_esp32s3"
PORT_BOARD = "UCHARGE_S3"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = roomy.SETTINGS

CAN_DRIVER = {
    "name": "can_driver",
    "use": "drivers.can.twai_s3:TwaiS3",
    "options": {"tx": 4, "rx": 5, "bitrate": 250000},
}

COMPONENTS = roomy.COMMON + (CAN_DRIVER,) + reference.ONE_BUS + (roomy.BLACKBOX,)
