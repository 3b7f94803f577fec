"""The ESP32 with two outlets: the first on its own controller, the second on an MCP2515 (8 MHz crystal).

Vehicle and power module of an outlet share its bus. Both outlets share what the station may draw.
"""

from boards import rivot_esp32 as reference
from boards import rivot_esp32_dual as dual

NAME = "rivot_esp32_two"
HOME = reference.HOME
IDENTITY = reference.IDENTITY

# What each outlet has, and what the station has once
_NAMES = ("gate", "meter", "plug", "evse", "register")
_PARTS = tuple([entry for entry in reference.COMMON if entry["name"] in _NAMES and entry["name"] != "evse"])
_STATION = tuple([entry for entry in reference.COMMON if entry["name"] not in _NAMES + ("limits",)])  # the budget's
_MCP2515 = tuple([entry for entry in dual.COMPONENTS if entry["name"] == "vehicle_can_driver"])[0]

COMPONENTS = _STATION + (
    {
        "scope": "1",
        "components": _PARTS
        + (reference.CAN_DRIVER,)
        + reference.ONE_BUS
        + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 1}},),
    },
    {
        "scope": "2",
        "components": _PARTS
        + (dict(_MCP2515, name="can_driver"),)
        + reference.ONE_BUS
        + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 2}},),
    },
    {
        "name": "budget",
        "use": "components.budget:Budget",
        "options": {"limit_ma": 300000},  # what one outlet may draw alone
        "critical": True,
    },
)

SETTINGS = dict(
    reference.SETTINGS,
    budget={"limit_ma": "budget.limit_ma", "limit_w": "budget.limit_w", "fail_safe_ma": "budget.fail_safe_ma"},
)
