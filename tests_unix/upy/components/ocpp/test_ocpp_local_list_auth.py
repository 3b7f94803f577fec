"""Who is let in by the Local Authorization List, and what contradicts it (OCPP 1.6, section 3.5)."""

from local_list_site import entry, found, listed, send
from ocpp_site import NOON, Site, booted

from core.isotime import format_utc


async def test_expiry_by_the_clock_and_while_the_time_is_unknown(tmp):
    site = await booted(tmp, **listed())
    soon = format_utc(NOON + 600000)
    tags = (
        entry("SOON", expiryDate=soon, parentIdTag="P"),
        entry("BLOCKED", "Blocked", expiryDate=soon),
        entry("LONG", expiryDate="1969-01-01T00:00:00Z"),
        entry("LATE", expiryDate="2999-01-01T00:00:00Z"),
        entry("ZONE", expiryDate=format_utc(NOON + 3600000 + 600000)[:19] + "+01:00"),
    )
    assert await send(site, 1, *tags) == "Accepted"
    names = ("SOON", "BLOCKED", "LONG", "LATE", "ZONE")
    assert [known[0] for known in found(site, *names)] == ["Accepted", "Blocked", "Expired", "Accepted", "Accepted"]
    await site.run(600000)
    assert found(site, "SOON") == [("Expired", "P")]
    assert [known[0] for known in found(site, *names)] == ["Expired", "Blocked", "Expired", "Accepted", "Expired"]
    await site.power_off()
    site = Site(tmp, **listed())
    await site.power_on()
    assert [known[0] for known in found(site, "SOON", "LATE")] == ["Expired", "Expired"]  # until the time is known


async def show(site, tag):
    """Present a tag; whether it is authorized. It is taken back."""
    site.ocpp.present_tag(tag)
    await site.run(500)
    there = site.ocpp.transactions.expects_plug()
    if there:
        site.ocpp.present_tag(tag)
        await site.run(500)
    return there


async def let_in(site, *tags):
    """Those of the tags that are authorized."""
    let = []
    for tag in tags:
        if await show(site, tag):
            let.append(tag)
    return let


async def test_LocalPreAuthorize_asks_only_for_what_the_list_does_not_accept(tmp):
    site = await booted(tmp, **listed())
    await send(site, 1, entry("GOOD"), entry("BAD", "Blocked"))
    assert await show(site, "GOOD") and site.central.of("Authorize") == [{"idTag": "GOOD"}]
    site.ocpp.set("LocalPreAuthorize", "true")
    site.central.calls.clear()
    assert await show(site, "good") and site.central.of("Authorize") == []
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    assert not await show(site, "BAD") and not await show(site, "OTHER")
    assert site.central.of("Authorize") == [{"idTag": "BAD"}, {"idTag": "OTHER"}]


async def test_offline_the_list_decides(tmp):
    site = await booted(tmp, **listed())
    soon = format_utc(NOON + 600000)
    busy = entry("BUSY", "ConcurrentTx")
    await send(site, 1, entry("GOOD"), entry("BAD", "Blocked"), entry("SOON", expiryDate=soon), busy)
    await site.disconnect()
    assert await let_in(site, "GOOD", "BAD", "SOON", "BUSY", "OTHER") == ["GOOD", "SOON", "BUSY"]
    await site.run(600000)
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    assert await let_in(site, "GOOD", "BAD", "SOON", "OTHER") == ["GOOD", "OTHER"]
    site.ocpp.set("AllowOfflineTxForUnknownId", "false")
    site.ocpp.set("LocalAuthorizeOffline", "false")
    assert not await show(site, "GOOD")


async def test_the_list_goes_before_the_cache_and_what_is_in_it_is_not_cached(tmp):
    site = await booted(tmp, **listed())
    assert await show(site, "TAG") and site.ocpp.authorization.cached("TAG") == ("Accepted", None)
    await send(site, 1, entry("TAG", "Blocked"), entry("NEW"))
    assert await show(site, "NEW")
    assert site.store.keys("ocpp/a/") == ["ocpp/a/TAG"]
    await site.disconnect()
    assert not await show(site, "TAG")
    site.ocpp.set("LocalAuthListEnabled", "false")
    assert await show(site, "TAG")


async def test_a_group_of_the_list_ends_a_transaction_offline(tmp):
    site = await booted(tmp, **listed())
    await send(site, 1, entry("ONE", parentIdTag="Group"), entry("TWO", parentIdTag="GROUP"), entry("THREE"))
    await site.disconnect()
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("ONE")
    await site.run(500)
    assert site.ocpp.transaction.parent == "Group"
    site.ocpp.present_tag("THREE")
    await site.run(500)
    assert site.ocpp.transaction is not None
    site.ocpp.present_tag("TWO")
    await site.run(500)
    assert site.ocpp.transaction is None


def conflicts(site):
    """(errorCode, info) told of connector 0."""
    told = [p for p in site.central.of("StatusNotification") if p["connectorId"] == 0]
    return [(p["errorCode"], p.get("info")) for p in told]


async def test_a_conflict_is_reported_each_time_until_there_is_none(tmp):
    site = await booted(tmp, **listed())
    long = "A-TAG-OF-20-LETTERS-"
    await send(site, 1, entry("TAG"), entry(long), entry("BAD", "Invalid"))
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    site.central.calls.clear()
    conflict = ("LocalListConflict", "TAG: Blocked, listed as Accepted")
    for count in (1, 2):
        assert not await show(site, "TAG")
        assert conflicts(site) == count * [conflict]
    assert site.central.states(0) == ["Available"] * 2 and site.lines("the local list Accepted")
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "ConcurrentTx"}}  # valid, only busy
    assert not await show(site, long) and len(conflicts(site)) == 2
    del site.central.answers["Authorize"]
    assert await show(site, "tag")  # now both agree
    assert conflicts(site)[2:] == [("NoError", None)]
    assert await show(site, "BAD")  # the central system has the last word
    assert conflicts(site)[3:] == [("LocalListConflict", "BAD: Accepted, listed as Invalid")]
    await send(site, 2, entry("BAD"))
    await site.run(500)
    assert conflicts(site)[4:] == [("NoError", None)]


async def test_a_conflict_of_the_longest_words_fits_into_info(tmp):
    site = await booted(tmp, **listed())
    tag = "A-TAG-OF-20-LETTERS-"
    await send(site, 1, entry(tag))
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    assert not await show(site, tag)
    assert conflicts(site)[-1] == ("LocalListConflict", tag + ": Blocked, listed as Accepted")
    site.ocpp.set("LocalAuthListEnabled", "false")
    await site.run(500)
    assert conflicts(site)[-1] == ("NoError", None)


async def test_a_start_that_the_central_system_refuses_later_is_a_conflict(tmp):
    site = await booted(tmp, **listed())
    await send(site, 1, entry("TAG"))
    site.ocpp.set("LocalPreAuthorize", "true")
    refuse = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    site.central.answers["StartTransaction"] = refuse
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    assert site.central.of("Authorize") == [] and len(site.central.of("StartTransaction")) == 1
    assert ("LocalListConflict", "TAG: Invalid, listed as Accepted") in conflicts(site)
    assert site.central.of("StopTransaction")[0]["reason"] == "DeAuthorized"
