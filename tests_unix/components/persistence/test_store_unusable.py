"""A charger whose journal cannot be used: it is connected, Faulted, says why, and starts anew when it can be."""

import pytest
from charging_site import Site


@pytest.mark.asyncio
async def test_a_directory_in_the_journals_place(tmp_path):
    """The process ended with a traceback, and so did every start after it."""
    journal = tmp_path / "state" / "journal"
    journal.mkdir(parents=True)
    async with Site(tmp_path) as site:
        await site.boot()
        heard = await site.received("StatusNotification", connectorId=1, status="Faulted")
        assert heard.payload["errorCode"] == "InternalError"
        assert "journal" in heard.payload["info"]
        await site.answer("status", "fault: the journal cannot be opened")
        await site.condition("journal", "BLOCKS")
        await site.answer("s", "charging is not allowed now")
        await site.condition("journal", "BLOCKS")
        await site.answer("auth TAG-1", "refused")
        site.vehicle.plug()
        await site.condition("plugged", "ok")
        assert (await site.order("RemoteStartTransaction", idTag="TAG-1")).status == "Rejected"
        assert not site.module.enabled
        site.check_calm()
        since = site.mark()
        journal.rmdir()
        await site.received("StatusNotification", since, 60, connectorId=1, status="Preparing")
        assert "the journal can be opened again" in site.firmware.text
        assert (await site.order("RemoteStartTransaction", idTag="TAG-1")).status == "Accepted"
        await site.received("StartTransaction", since)
        site.check_calm()


@pytest.mark.asyncio
async def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    async with Site(tmp_path) as site:
        await site.boot()
        await site.received("StatusNotification", connectorId=0, status="Faulted", errorCode="InternalError")
        site.check_calm()
