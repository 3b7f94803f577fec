"""The board qemu_improv with provisioning, for tests: its network is a wire, which takes any Wi-Fi."""

from tests_unix.boards import qemu_improv

NAME = "qemu_provisioning"
PORT = qemu_improv.PORT
HOME = qemu_improv.HOME
SETTINGS = qemu_improv.SETTINGS
COMPONENTS = ({"name": "provisioning", "use": "components.provisioning:Provisioning"},) + qemu_improv.COMPONENTS
