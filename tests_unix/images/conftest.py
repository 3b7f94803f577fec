"""Tests of built images; they build what they test, which takes a C toolchain, and are run by ``make test-firmware``.

A module that uses the fixture ``frozen`` runs its sites, and those of tests it imports, with the unix executable.
"""

import pytest

from tools.build_firmware import build


@pytest.fixture(scope="session")
def executable():
    """The charger as one executable: build/unix/ucharge."""
    return build("unix")


@pytest.fixture(scope="module")
def frozen(executable):
    """Every firmware that the module starts is the executable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UCHARGE_EXECUTABLE", str(executable))
        yield executable


@pytest.fixture(scope="session")
def qemu_image():
    """The charger on bare metal: build/qemu_arm/firmware.elf."""
    return build("qemu_arm")


@pytest.fixture(scope="session")
def core_image():
    """The same with the Core profile alone: build/qemu_arm_core/firmware.elf."""
    return build("qemu_arm_core")
