"""The board unix_two with Elcon/TC chargers as power modules, both on one bus; each vehicle has a bus of its own."""

from boards import unix, unix_two

NAME = "unix_shared"
PORT = unix.PORT

_CAN = ({"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}, "critical": True},)
_METER = dict(unix.METER, options={"power_period_ms": 1000, "register_pause_ms": 1000})
_PARTS = tuple([entry for entry in unix.COMMON if entry["name"] in ("gate", "plug")]) + unix.VEHICLE_BUS + (_METER,)
_BMS = {"name": "bms", "use": "components.bms:Bms", "bind": {"can": "vehicle_can"}, "critical": True}


def _outlet(number, address):
    options = {"addresses": (address,), "shared_bus": True, "module_ma": 150000}
    charger = {"name": "charger", "use": "components.charger.elcon:Elcon", "options": options, "critical": True}
    evse = {"name": "evse", "use": "components.evse:Evse", "options": {"id": number}}
    return {"scope": str(number), "components": _PARTS + (_BMS, charger, evse)}


COMPONENTS = (
    (unix.CAN_DRIVER,) + _CAN + (_outlet(1, 0xE5), _outlet(2, 0xE6))
    + tuple([entry for entry in unix_two.COMPONENTS if "scope" not in entry])
)  # fmt: skip

SETTINGS = dict(
    unix_two.SETTINGS,
    can={
        "port": "can_driver.port",
        "1": {"port": "1/vehicle_can_driver.port"},
        "2": {"port": "2/vehicle_can_driver.port"},
    },
)
