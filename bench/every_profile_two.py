"""`bench.every_profile` with a budget and a second outlet, whose bus is on UART 3: to weigh boards with two outlets."""

from bench import every_profile
from boards import rivot_esp32_two

NAME = "every_profile_two"
PORT = every_profile.PORT
HOME = every_profile.HOME
MORE_HEAP_KB = every_profile.MORE_HEAP_KB + 32  # what the second outlet takes, and room to weigh it

_BY_NAME: dict = {entry["name"]: entry for entry in every_profile.COMPONENTS}
_DECLARED: tuple = rivot_esp32_two.COMPONENTS
_UART_3 = {"port": "uart:3", "bitrate": 250000}


def _outlet(scope: dict) -> dict:
    """As the board declares it, with the drivers of this machine."""
    parts = [dict(_BY_NAME.get(entry["name"], entry)) for entry in scope["components"] if entry["name"] != "evse"]
    for entry in parts:
        if entry["name"] == "can_driver" and scope["scope"] == "2":
            entry["options"] = _UART_3
    evse = [entry for entry in scope["components"] if entry["name"] == "evse"]
    return {"scope": scope["scope"], "components": tuple(parts + evse)}


COMPONENTS = tuple(
    [
        _outlet(entry) if "scope" in entry else _BY_NAME.get(entry["name"], entry)
        for entry in _DECLARED
    ]
)
if _BY_NAME["heap"] not in COMPONENTS:
    COMPONENTS = (_BY_NAME["heap"],) + COMPONENTS

SETTINGS = dict(every_profile.SETTINGS, can={"1": {"port": "1/can_driver.port"}, "2": {"port": "2/can_driver.port"}})
