"""OCA's test cases for what a charge point does not have, named by their numbers: a board without optional profiles."""

import datetime

import pytest
import pytest_asyncio
from charging_site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOARD = """
from boards import unix

NAME = "plain"
PORT = unix.PORT
COMPONENTS = tuple(part for part in unix.COMPONENTS if part["name"] not in ("local_list", "reservation"))
SETTINGS = unix.SETTINGS
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory):
    """A station without the profiles Reservation and LocalAuthListManagement."""
    path = tmp_path_factory.mktemp("path")
    (path / "plain").mkdir()
    (path / "plain" / "board.py").write_text(BOARD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROPYPATH", f"{path}:.frozen")
        async with Site(tmp_path_factory.mktemp("home"), board="plain.board") as site:
            await site.boot()
            yield site


async def test_the_profiles_are_not_announced(site):
    assert await site.configured("SupportedFeatureProfiles") == "Core,SmartCharging,RemoteTrigger,FirmwareManagement"


@pytest.mark.parametrize("connector", [1, 0])
async def test_tc_048_4_and_tc_050_4_reservation_rejected(site, connector):
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    stamp = expiry.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"connectorId": connector, "expiryDate": stamp, "idTag": "MINE", "reservationId": 1}
    assert (await site.order("ReserveNow", **fields)).status == "Rejected"


async def test_a_reservation_that_cannot_be_is_not_cancelled(site):
    assert (await site.order("CancelReservation", reservationId=1)).status == "Rejected"


async def test_tc_042_1_get_local_list_version_not_supported(site):
    assert (await site.order("GetLocalListVersion")).list_version == -1


async def test_tc_043_1_send_local_list_not_supported(site):
    entry = {"idTag": "LISTED", "idTagInfo": {"status": "Accepted"}}
    answer = await site.order("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=[entry])
    assert answer.status == "NotSupported"
