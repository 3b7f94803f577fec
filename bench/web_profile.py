"""`qemu_arm` with the web server on UARTs: for measuring only."""

from boards import qemu_arm

NAME = "web_profile"
PORT = qemu_arm.PORT
HOME = qemu_arm.HOME

COMPONENTS = qemu_arm.COMPONENTS + (
    {"name": "web", "use": "bench.device.uartweb:UartWeb", "options": {"port": 80}},
)
SETTINGS = dict(
    qemu_arm.SETTINGS,
    web={
        "driver": "web.driver_password",
        "operator": "web.operator_password",
        "installer": "web.installer_password",
    },
)
