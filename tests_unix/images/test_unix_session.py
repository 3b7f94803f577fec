"""The frozen unix executable passes the black-box session test of the sources, on the same bus and central system."""

import pytest
from test_certification_core import test_tc_013_hard_and_tc_014_soft_reset_without_a_transaction  # noqa: F401
from test_certification_sessions import *  # noqa: F403
from test_session import *  # noqa: F403  (all its tests, collected here a second time)

pytestmark = [pytest.mark.usefixtures("frozen"), pytest.mark.asyncio(loop_scope="module")]


async def test_it_was_the_executable_all_the_time(site, executable):
    assert site.firmware.command == [str(executable), "--home", str(site.home)]
