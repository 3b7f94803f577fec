"""Local Authorization List: the Open Charge Alliance's test cases for charge points, and who is let in by the list."""

import pytest

from tools.central import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIGURATION = {"MeterValueSampleInterval": 0, "TransactionMessageRetryInterval": 1}
SESSION_MESSAGES = ("Authorize", "StartTransaction", "StopTransaction")


def entry(tag, status="Accepted", **info):
    return {"idTag": tag, "idTagInfo": dict(info, status=status)}


async def send(site, version, kind, *entries):
    fields = {"localAuthorizationList": list(entries)} if entries else {}
    return (await site.order("SendLocalList", listVersion=version, updateType=kind, **fields)).status


async def version(site):
    return (await site.order("GetLocalListVersion")).list_version


async def set_list(site, *entries):
    """A list of these entries, whatever was before; a tag that is in it is not in the cache."""
    await site.configure(LocalAuthListEnabled=True)
    await site.order("ClearCache")
    assert await send(site, 100, "Full", *entries) == "Accepted"


async def let_in(site, tag):
    """Present a tag; whether it is authorized. It is taken back."""
    since = site.firmware.mark
    await site.present(tag)
    said = await site.printed(rf"idTag {tag}: (?:Blocked|Expired|Invalid)\b|idTag {tag} is authorized", since)
    if "is authorized" not in said[0]:
        return False
    await site.answer(f"auth {tag}", "taken back")
    return True


async def error_of_the_charge_point(site):
    """The errorCode of connector 0, asked for."""
    since = site.mark()
    await site.order("TriggerMessage", requestedMessage="StatusNotification", connectorId=0)
    return (await site.received("StatusNotification", since, connectorId=0)).payload["errorCode"]


async def test_tc_042_1_get_local_list_version_not_supported(site):
    await set_list(site, entry("LISTED"))
    await site.configure(LocalAuthListEnabled=False)
    assert await version(site) == -1


async def test_tc_042_2_get_local_list_version_empty(site):
    await set_list(site, entry("LISTED"))
    assert await send(site, 1, "Full") == "Accepted"
    assert await version(site) == 0


async def test_tc_043_1_send_local_list_not_supported(site):
    await set_list(site, entry("OTHER"))
    await site.configure(LocalAuthListEnabled=False)
    assert await send(site, 101, "Full", entry("LISTED")) == "NotSupported"
    await site.go_offline()
    assert not await let_in(site, "LISTED") and not await let_in(site, "OTHER")
    await site.go_online()
    await site.configure(LocalAuthListEnabled=True)
    assert await version(site) == 100


async def test_send_local_list_version_mismatch(site):
    await set_list(site)
    assert await send(site, 2, "Full", entry("FIRST")) == "Accepted"
    assert await version(site) == 2
    assert await send(site, 5, "Differential", entry("SECOND")) == "Accepted"
    assert await version(site) == 5
    for old in (5, 4):
        assert await send(site, old, "Differential", {"idTag": "FIRST"}, entry("THIRD")) == "VersionMismatch"
        assert await version(site) == 5
    await site.go_offline()
    assert await let_in(site, "FIRST") and await let_in(site, "SECOND") and not await let_in(site, "THIRD")
    await site.go_online()


async def test_tc_043_3_send_local_list_failed(site):
    await set_list(site, entry("BEFORE"))
    obstacle = site.home / "state" / "locallist.new"
    obstacle.mkdir()  # where the new file would be written
    (obstacle / "file").touch()
    assert await send(site, 2, "Full", entry("LISTED")) == "Failed"
    (obstacle / "file").unlink()
    obstacle.rmdir()
    twice = [entry("LISTED"), entry("listed")]
    assert await send(site, 2, "Full", *twice) == "Failed"
    limit = int(await site.configured("SendLocalListMaxLength"))
    assert await send(site, 2, "Full", *[entry(f"TAG-{n}") for n in range(limit + 1)]) == "Failed"
    assert await version(site) == 100
    await site.go_offline()
    assert await let_in(site, "BEFORE") and not await let_in(site, "LISTED")
    await site.go_online()


async def test_tc_043_send_local_list_full(site):
    await set_list(site, entry("BEFORE"))
    entries = [entry(f"CARD-{n:03}", expiryDate="2099-01-01T00:00:00Z") for n in range(200)]
    assert await send(site, 2, "Full", *entries) == "Accepted"
    assert await version(site) == 2
    await site.firmware.kill()
    await site.boot()
    assert await version(site) == 2
    await site.answer("status", r"local list: version 2, 200 of 1000 entries")
    await site.go_offline()
    assert await let_in(site, "CARD-000") and await let_in(site, "card-199") and not await let_in(site, "BEFORE")
    await site.go_online()


async def test_tc_043_send_local_list_differential(site):
    await set_list(site, entry("STAYS"), entry("GOES"), entry("CHANGES"))
    changes = [{"idTag": "GOES"}, entry("CHANGES", "Blocked"), entry("COMES")]
    assert await send(site, 101, "Differential", *changes) == "Accepted"
    assert await version(site) == 101
    await site.go_offline()
    assert await let_in(site, "STAYS") and await let_in(site, "COMES")
    assert not await let_in(site, "GOES") and not await let_in(site, "CHANGES")
    await site.go_online()


async def test_a_session_begins_offline_with_a_card_of_the_list(site):
    await set_list(site, entry("LISTED", parentIdTag="GROUP"), entry("BLOCKED", "Blocked"))
    await site.plug_in()
    await site.go_offline()
    assert not await let_in(site, "BLOCKED")
    since = site.firmware.mark
    await site.present("LISTED")
    await site.printed(r"transaction \S+ starts: idTag LISTED", since)
    await site.current_flows()
    since = await site.go_online()
    await site.received("StartTransaction", since, idTag="LISTED")
    await site.stop_session("LISTED")
    assert [m.action for m in site.central.calls(since=since) if m.action in SESSION_MESSAGES] == [
        "StartTransaction",
        "StopTransaction",
    ]


async def test_tc_008_a_session_begins_without_asking_where_the_list_preauthorizes(site):
    await set_list(site, entry("LISTED"))
    await site.configure(LocalPreAuthorize=True)
    since = site.mark()
    await site.start_session("LISTED")
    await site.stop_session("LISTED")
    assert site.central.calls("Authorize", since) == []
    await site.configure(LocalPreAuthorize=False)


async def test_a_card_that_the_list_blocks_is_left_to_the_central_system(site):
    await set_list(site, entry("LOST", "Blocked"))
    site.central.books.tags["LOST"] = Tag("Blocked")
    await site.configure(LocalPreAuthorize=True)
    since = site.mark()
    assert not await let_in(site, "LOST")
    await site.received("Authorize", since, idTag="LOST")
    assert await error_of_the_charge_point(site) == "NoError", "both say the same"
    site.central.books.tags["LOST"] = Tag("Accepted")
    assert await let_in(site, "LOST"), "the central system has the last word"
    await site.received("StatusNotification", since, connectorId=0, errorCode="LocalListConflict")
    await site.configure(LocalPreAuthorize=False)


async def test_a_conflict_between_the_list_and_the_central_system_is_reported(site):
    await set_list(site, entry("STOLEN"))
    site.central.books.tags["STOLEN"] = Tag("Blocked")
    since = site.mark()
    assert not await let_in(site, "STOLEN")
    told = await site.received("StatusNotification", since, connectorId=0, errorCode="LocalListConflict")
    assert told.payload["status"] == "Available" and told.payload["info"] == "STOLEN: Blocked, listed as Accepted"
    since = site.mark()
    assert await send(site, 101, "Differential", entry("STOLEN", "Blocked")) == "Accepted"
    await site.received("StatusNotification", since, connectorId=0, errorCode="NoError")
    assert not await let_in(site, "STOLEN")
    assert await error_of_the_charge_point(site) == "NoError", "now both say the same"
