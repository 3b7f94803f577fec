"""The unix port with two outlets, each with a bus of its own; both share what the station may draw."""

from boards import unix

NAME = "unix_two"
PORT = unix.PORT

# What each outlet has, and what the station has once
_NAMES = ("gate", "plug", "evse")
_PARTS = tuple([entry for entry in unix.COMMON if entry["name"] in _NAMES[:2]]) + unix.ONE_BUS
_STATION = tuple([entry for entry in unix.COMMON if entry["name"] not in _NAMES + ("limits",)])  # the budget's

COMPONENTS = (
    {"scope": "1", "components": _PARTS + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 1}},)},
    {"scope": "2", "components": _PARTS + ({"name": "evse", "use": "components.evse:Evse", "options": {"id": 2}},)},
    {
        "name": "budget",
        "use": "components.budget:Budget",
        "options": {"limit_ma": 50000},  # less than two of the smallest vehicles request
        "critical": True,
    },
) + _STATION

SETTINGS = dict(
    unix.SETTINGS,
    can={"1": {"port": "1/can_driver.port"}, "2": {"port": "2/can_driver.port"}},
    budget={"limit_ma": "budget.limit_ma", "limit_w": "budget.limit_w", "fail_safe_ma": "budget.fail_safe_ma"},
)
