"""A list of idTags without OCPP: what any dialect asks of the station's feature "local_list"."""

from feature_site import ready
from ocpp_site import NOON

USE = "components.station.local_list:LocalList"
A = ("TAG-A", "Accepted", None, None)
B = ("TAG-B", "Accepted", NOON + 60000, "GROUP")


async def send(site, version, *entries, full=True):
    """As the dispatcher asks for it: what is loaded for that is let go afterwards. "old": no version to follow."""
    with site.station.on_demand:
        requests = site.feature.requests()
        if not requests.follows(site.feature, version, full):
            return "old"
        return await requests.send(site.feature, list(entries), version, full, lambda entry: entry)


async def card(site, tag):
    result = site.station.present(tag)
    await site.run(1000)
    return result[1]


async def test_who_is_listed_may_charge(tmp):
    site = await ready(tmp, USE, {"file": "list"}, "false")
    site.plug_in()
    await site.run(500)
    assert await card(site, "tag-a") == "refused"
    assert await send(site, 1, A, B, ("TAG-C", "Blocked", None, None)) is True
    assert site.feature.find("tag-b") == ("Accepted", "GROUP") and site.feature.file.version == 1
    assert await card(site, "TAG-C") == "refused" and await card(site, "tag-a") == "started"
    await site.run(60000)
    assert site.feature.find("TAG-B") == ("Expired", "GROUP")
    await site.power_off()


async def test_it_is_changed_and_kept(tmp):
    site = await ready(tmp, USE, {"file": "list"}, "false")
    assert await send(site, 1, A, B) is True and await send(site, 1, A, full=False) == "old"
    assert await send(site, 2, ("TAG-A", None, None, None), full=False) is True
    await site.power_off()
    site = await ready(tmp, USE, {"file": "list"}, "false")
    assert site.feature.find("TAG-A") is None and site.feature.find("TAG-B") is not None
    assert site.feature.file.version == 2
    await site.power_off()


async def test_what_is_refused_changes_nothing(tmp):
    site = await ready(tmp, USE, {"file": "list", "max_entries": 2, "max_update": 3}, "false")
    assert await send(site, 5, A) is True
    for entries in (
        [A, A],
        [B, ("", "Accepted", None, None)],
        [B, ("T" * 21, "Accepted", None, None)],
        [B, (None, "Accepted", None, None)],
        [B, ("TAG-C", "NoCredit", None, None)],
        [B, ("TAG-C", None, None, None)],
        [B, ("TAG-C", "Accepted", None, "P" * 21)],
        [A, B, ("TAG-C", "Accepted", None, None)],
        [A, B, ("TAG-C", "Accepted", None, None), ("TAG-D", "Accepted", None, None)],
        [],
    ):
        assert await send(site, 6, *entries) is (entries == []), entries
        if entries:
            assert site.feature.file.version == 5 and site.feature.find("TAG-B") is None, entries
    assert site.feature.file.version == 0 and site.feature.find("TAG-A") is None  # an empty list
    await site.power_off()


async def test_a_conflict_is_counted_each_time(tmp):
    """Whoever tells of the station's state tells it again, though the words are the same."""
    site = await ready(tmp, USE, {"file": "list"}, "false")
    availability = site.station.availability
    await send(site, 1, A)
    for count in (1, 2):
        site.feature.told("TAG-A", "Accepted", "Blocked")
        assert availability.conflicts == count
        assert availability.charge_point() == ("Available", "LocalListConflict", "TAG-A: Blocked, listed as Accepted")
    site.feature.told("TAG-A", "Accepted", "ConcurrentTx")  # valid, only busy
    assert availability.conflicts == 2 and availability.charge_point()[1:] == ("NoError", "")
    await site.power_off()
