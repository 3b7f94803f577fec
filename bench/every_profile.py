"""The board of qemu_arm with every OCPP profile that the unix board has: what `bench.profiles` weighs.

It is only weighed: firmware management and log upload need a network with sockets, which that port has not.
"""

from boards import qemu_arm, unix

NAME = "every_profile"
PORT = "qemu"
HOME = "/"
SETTINGS = qemu_arm.SETTINGS

# Profiles, and what they need that is no profile itself.
_NEEDED = ("sink", "trial")
_THERE = [entry["name"] for entry in qemu_arm.COMPONENTS]


def _is_wanted(entry):
    return entry["name"] not in _THERE and (entry["use"].startswith("components.ocpp.") or entry["name"] in _NEEDED)


COMPONENTS = qemu_arm.COMPONENTS + tuple([entry for entry in unix.COMPONENTS if _is_wanted(entry)])
