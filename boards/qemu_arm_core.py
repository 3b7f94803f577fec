"""qemu_arm with the Core profile alone: what the smallest charger needs, and how a board leaves profiles out."""

from boards import qemu_arm

NAME = "qemu_arm_core"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME

# What these need is left out with them.
_FOR_PROFILES = ("sink", "trial")
_PROFILES = ("components.ocpp.", "components.station.")  # not the components of these names

COMPONENTS = tuple(
    [
        entry
        for entry in qemu_arm.COMPONENTS
        if not str(entry["use"]).startswith(_PROFILES) and entry["name"] not in _FOR_PROFILES
    ]
)

_NAMES = [entry["name"] for entry in COMPONENTS]
SETTINGS = {
    section: {key: target for key, target in keys.items() if target.partition(".")[0] in _NAMES}
    for section, keys in qemu_arm.SETTINGS.items()
}
