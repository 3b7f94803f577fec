"""The unix port with two Elcon/TC chargers as power modules, and the vehicle on a bus of its own.

On one bus the vehicle's charge request would switch the first module and bypass the gate: both requests have the same
identifier.
"""

from boards import rivot_esp32_elcon, unix

NAME = "unix_elcon"
PORT = unix.PORT

_METER = dict(unix.METER, options={"power_period_ms": 1000, "register_pause_ms": 1000})  # the first as of the ESP32

COMPONENTS = unix.COMMON + (unix.CAN_DRIVER, _METER) + rivot_esp32_elcon.MODULE_BUS + unix.VEHICLE_BUS

SETTINGS = dict(unix.SETTINGS, can=unix.TWO_PORTS)
