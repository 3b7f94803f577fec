"""The board for a desk: a bare ESP32 with SLCAN on UART1 (a USB adapter, or the bus hub behind a serial port).

Everything else is as on the reference board.
"""

from boards import rivot_esp32 as reference

NAME = "esp32_bench"
HOME = reference.HOME
IDENTITY = reference.IDENTITY
SETTINGS = dict(reference.SETTINGS, can={"baudrate": "can_driver.baudrate"})

CAN_DRIVER = {
    "name": "can_driver",
    "use": "drivers.can.slcan:Slcan",
    "options": {"port": "uart:1", "tx": 17, "rx": 16, "bitrate": 250000, "baudrate": 115200},
}

COMPONENTS = reference.COMMON + (CAN_DRIVER,) + reference.ONE_BUS
