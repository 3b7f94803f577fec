"""The image of qemu_arm keeps its books through power cuts (``kill -9`` of QEMU; the board's PSRAM is the store)."""

import pytest
import test_power_cut
from qemu_site import QemuSite
from test_power_cut import *  # noqa: F403  (all its tests, with the sites below)

pytestmark = pytest.mark.usefixtures("qemu_image", "sites_in_qemu")


@pytest.fixture(autouse=True)
def sites_in_qemu(monkeypatch):
    """Every site of the imported tests has its firmware in QEMU."""
    monkeypatch.setattr(test_power_cut, "Site", QemuSite)
