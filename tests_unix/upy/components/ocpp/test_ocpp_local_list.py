"""Local Auth List Management (OCPP 1.6, sections 5.10 and 5.15): the commands."""

from local_list_site import entry, found, listed, send, version
from ocpp_site import booted


async def reboot(site, home, **options):
    await site.power_off()
    return await booted(home, **listed(**options))


async def test_a_full_list_is_there_also_after_a_power_cut(tmp):
    site = await booted(tmp, **listed())
    assert await version(site) == 0
    tags = (entry("beta", "Blocked"), entry("Alpha", parentIdTag="Group"), entry("GAMMA", "Expired"))
    assert await send(site, 7, *tags) == "Accepted"
    expected = [("Accepted", "Group"), ("Blocked", None), ("Expired", None), None, None, None]
    for _ in range(2):
        assert await version(site) == 7
        assert found(site, "ALPHA", "Beta", "gamma", "delta", "", "x" * 21) == expected
        site = await reboot(site, tmp)
    assert await send(site, 3, entry("DELTA")) == "Accepted"  # a full list may have any version
    assert await version(site) == 3 and found(site, "alpha", "delta") == [None, ("Accepted", None)]


async def test_every_status_and_their_meaning(tmp):
    site = await booted(tmp, **listed())
    statuses = ("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx")
    assert await send(site, 1, *[entry(status, status) for status in statuses]) == "Accepted"
    assert [known[0] for known in found(site, *statuses)] == ["Accepted", "Blocked", "Expired", "Invalid", "Accepted"]


async def test_an_empty_full_list_clears_and_has_version_0(tmp):
    site = await booted(tmp, **listed())
    for payload in ({}, {"localAuthorizationList": []}):
        assert await send(site, 7, entry("A"), entry("B")) == "Accepted"
        payload.update({"listVersion": 8, "updateType": "Full"})
        assert await site.central.call("SendLocalList", payload) == {"status": "Accepted"}
        assert await version(site) == 0 and found(site, "A", "B") == [None, None]
    site = await reboot(site, tmp)
    assert await version(site) == 0 and not site.lines("broken")
    assert await send(site, 1, entry("A"), full=False) == "Accepted"  # 1 is more than 0, whatever was before
    assert await version(site) == 1


async def test_a_differential_update_adds_changes_and_removes(tmp):
    site = await booted(tmp, **listed(max_update=40))
    assert await send(site, 1, *[entry("T%02d" % n) for n in range(20, 40)]) == "Accepted"
    changes = [{"idTag": "T99"}, {"idTag": "t25"}, entry("T00"), entry("T30", "Blocked", parentIdTag="P"), entry("T50")]
    assert await send(site, 2, *changes, full=False) == "Accepted"
    assert await version(site) == 2
    ok = ("Accepted", None)
    assert found(site, "T00", "T20", "T25", "T30") == [ok, ok, None, ("Blocked", "P")]
    assert found(site, "T39", "T50", "T99") == [ok, ok, None]
    assert [line for line in site.ocpp.describe() if "version 2, 21 of 1000" in line]
    removals = [{"idTag": "T%02d" % n} for n in range(51)]
    assert await send(site, 3, *removals[:40], full=False) == "Accepted"
    assert await send(site, 4, *removals[40:], full=False) == "Accepted"
    assert await version(site) == 0 and found(site, "T00", "T50") == [None, None]


async def test_a_differential_update_of_nothing_changes_no_entry(tmp):
    site = await booted(tmp, **listed())
    await send(site, 5, entry("A"))
    assert await send(site, 6, full=False) == "Accepted"
    assert await version(site) == 6 and found(site, "A") == [("Accepted", None)]


async def test_an_old_version_is_a_mismatch_and_changes_nothing(tmp):
    site = await booted(tmp, **listed())
    await send(site, 5, entry("A"))
    for old in (5, 4, 0, -1, -100):
        assert await send(site, old, {"idTag": "A"}, full=False) == "VersionMismatch"
    assert await version(site) == 5 and found(site, "A") == [("Accepted", None)]


async def test_what_is_no_list_fails_and_changes_nothing(tmp):
    site = await booted(tmp, **listed(max_entries=5, max_update=4))
    await send(site, 5, entry("A"), entry("B"))
    bad = (
        [entry("C"), entry("D"), entry("c", "Blocked")],  # an idTag twice
        [entry("C"), {"idTag": "D"}],  # no idTagInfo in a full list
        [entry("C%d" % n) for n in range(5)],  # more at once than SendLocalListMaxLength
        [entry("")],
        [entry("Gr\u00fcn")],
        [entry("C", parentIdTag="\u00dc")],
    )
    for entries in bad:
        assert await send(site, 9, *entries) == "Failed", entries
    for number in (0, -1, 1 << 31):
        assert await send(site, number, entry("C")) == "Failed"
    assert await send(site, 6, entry("C"), {"idTag": "c"}, full=False) == "Failed"
    assert await send(site, 6, *[entry("C%d" % n) for n in range(4)], full=False) == "Failed"  # 6 entries are too many
    assert await version(site) == 5 and found(site, "A", "B", "C") == [("Accepted", None), ("Accepted", None), None]
    assert await send(site, 6, *[entry("C%d" % n) for n in range(3)], {"idTag": "A"}, full=False) == "Accepted"
    for malformed, code in (
        ({"listVersion": 7}, "OccurenceConstraintViolation"),
        ({"listVersion": "7", "updateType": "Full"}, "TypeConstraintViolation"),
        ({"listVersion": 7, "updateType": "Partial"}, "PropertyConstraintViolation"),
        ({"listVersion": 7, "updateType": "Full", "localAuthorizationList": [{}]}, "OccurenceConstraintViolation"),
        (
            {"listVersion": 7, "updateType": "Full", "localAuthorizationList": [entry("A", "Fine")]},
            "PropertyConstraintViolation",
        ),
        (
            {"listVersion": 7, "updateType": "Full", "localAuthorizationList": [entry("C", expiryDate="soon")]},
            "PropertyConstraintViolation",
        ),
        ({"listVersion": 7, "updateType": "Full", "localAuthorizationList": None}, "TypeConstraintViolation"),
    ):
        assert await site.central.call("SendLocalList", malformed) == code, malformed
    assert await version(site) == 6


async def test_a_list_that_is_switched_off_is_not_supported_and_not_asked(tmp):
    site = await booted(tmp, **listed())
    await send(site, 5, entry("A"))
    assert site.ocpp.set("LocalAuthListEnabled", "false") == "Accepted"
    assert await version(site) == -1 and await send(site, 6, entry("B")) == "NotSupported"
    assert found(site, "A") == [None]
    assert [line for line in site.ocpp.describe() if "switched off" in line]
    site = await reboot(site, tmp)
    assert await version(site) == -1
    site.ocpp.set("LocalAuthListEnabled", "true")
    assert await version(site) == 5 and found(site, "A") == [("Accepted", None)]


async def test_a_charge_point_without_the_profile_does_not_support_it(tmp):
    site = await booted(tmp)
    assert await send(site, 1, entry("A")) == "NotSupported"
    assert await version(site) == -1
    assert site.ocpp.get("SupportedFeatureProfiles")[0][1] == "Core" and site.ocpp.get("LocalAuthListEnabled") == []


async def test_its_configuration_keys(tmp):
    site = await booted(tmp, **listed(max_entries=1234, max_update=56))
    assert site.ocpp.get("SupportedFeatureProfiles")[0][1] == "Core,LocalAuthListManagement"
    assert site.ocpp.get("LocalAuthListEnabled") == [("LocalAuthListEnabled", "true", False)]
    assert site.ocpp.get("LocalAuthListMaxLength") == [("LocalAuthListMaxLength", "1234", True)]
    assert site.ocpp.get("SendLocalListMaxLength") == [("SendLocalListMaxLength", "56", True)]
    assert site.ocpp.set("LocalAuthListMaxLength", "1") == "Rejected"
    assert site.ocpp.set("LocalAuthListEnabled", "perhaps") == "Rejected"
