"""The unix port with Infypower modules: two of them on a bus of their own at 125 kbit/s, the vehicle on another one."""

from boards import rivot_esp32_infy, unix

NAME = "unix_infy"
PORT = unix.PORT

_DRIVER = dict(unix.CAN_DRIVER, options={"bitrate": 125000})
_METER = dict(unix.METER, options={"power_period_ms": 100, "register_pause_ms": 1000})  # the first as of the ESP32

COMPONENTS = unix.COMMON + (_DRIVER, _METER) + rivot_esp32_infy.MODULE_BUS + unix.VEHICLE_BUS

SETTINGS = dict(unix.SETTINGS, can=unix.TWO_PORTS)
