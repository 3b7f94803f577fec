"""The charger run in place from a ROMFS image passes the black-box session test of the sources."""

import pytest
import pytest_asyncio
from charging_site import Site
from test_certification_core import test_tc_013_hard_and_tc_014_soft_reset_without_a_transaction  # noqa: F401
from test_certification_sessions import *  # noqa: F403
from test_session import *  # noqa: F403  (all its tests, collected here a second time)
from test_session import CONFIGURATION

from tools.firmware import ROOT, interpreter
from tools.romfs import main as make_romfs

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    """A charging site whose firmware knows nothing but a ROMFS image of the board."""
    folder = tmp_path_factory.mktemp("romfs")
    image = folder / "romfs.img"
    assert make_romfs(["unix", "--out", str(image)]) == 0
    async with Site(folder / "home") as site:
        launcher = str(ROOT / "tests_unix/images/rom_launcher.py")
        site.firmware.command = [interpreter(), launcher, str(image), "--home", str(site.home)]
        await site.boot()
        await site.configure(**CONFIGURATION)
        yield site
