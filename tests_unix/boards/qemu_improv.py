"""The board qemu_arm_core with Improv on its console's UART, for tests."""

from boards import qemu_arm_core

NAME = "qemu_improv"
PORT = qemu_arm_core.PORT
HOME = qemu_arm_core.HOME
SETTINGS = qemu_arm_core.SETTINGS
COMPONENTS = tuple(
    [dict(one, bind={"terminal": "improv"}) if one["name"] == "console" else one for one in qemu_arm_core.COMPONENTS]
) + ({"name": "improv", "use": "components.improv:Improv"},)
