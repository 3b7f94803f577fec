"""Smart Charging through remote starts, restarts, lost time and a full medium (OCPP 1.6, sections 3.13, 5.11, 5.16)."""

from charging_profiles import MAX, TX, profile
from ocpp_site import NOON, Central
from smart_charging_site import charge, limit, now_of, profiles_of, ready, restart, set_profile, set_time, site_of

NOW = NOON // 1000


async def test_remote_start_with_a_profile(tmp):
    site = await ready(tmp)

    async def start(given, tag="TAG"):
        return (await site.central.call("RemoteStartTransaction", {"idTag": tag, "chargingProfile": given}))["status"]

    assert await start(profile(1, 10)) == "Rejected"  # not a TxProfile
    assert await start(profile(1, 10, MAX)) == "Rejected"
    assert await start(profile(1, 10, TX, transactionId=1)) == "Rejected"
    assert await start(profile(1, 10, TX, level=9)) == "Rejected"
    assert not site.ocpp.transactions.expects_plug()
    seen = []
    site.gate.enabled.watch(lambda on: seen.append(limit(site)))
    assert await start(profile(1, {0: 10, 30: 20}, TX, "Relative")) == "Accepted"
    await site.run(20000)
    site.plug_in()
    await site.run(1000)
    assert seen == [10000] and limit(site) == 10000
    await site.run(30000)
    assert limit(site) == 20000
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert profiles_of(site) == [] and site.store.keys("ocpp/cp/") == []


async def test_the_profile_of_a_remote_start_goes_with_it(tmp):
    site = await ready(tmp)
    start = {"idTag": "TAG", "chargingProfile": profile(1, 10, TX)}
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Accepted"
    await site.run(65000)  # ConnectionTimeOut
    await charge(site)
    assert limit(site) == 300000
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.unplug()
    await site.run(500)
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Accepted"
    assert site.ocpp.present_tag("OTHER") == "refused: idTag TAG is authorized and waits for the plug"
    assert site.ocpp.present_tag("TAG") == "taken back"
    site.ocpp.present_tag("OTHER")  # takes the connector before the other one comes
    await site.run(500)
    site.plug_in()
    await site.run(1000)
    assert site.ocpp.transaction.id_tag == "OTHER" and limit(site) == 300000


async def test_the_profile_of_a_remote_start_waits_for_the_authorization(tmp):
    site = await ready(tmp)
    site.ocpp.set("AuthorizeRemoteTxRequests", "true")
    site.central.answers["Authorize"] = None  # for now
    site.plug_in()
    start = {"idTag": "TAG", "chargingProfile": profile(1, 10, TX)}
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Accepted"
    await site.run(5000)
    message_id, action, _ = site.central.calls[-1]
    assert action == "Authorize" and site.ocpp.transaction is None
    await site.central.give([3, message_id, {"idTagInfo": {"status": "Accepted"}}])
    await site.run(1000)
    assert site.ocpp.transaction is not None and limit(site) == 10000


async def test_a_profile_that_waits_keeps_its_place(tmp):
    site = await ready(tmp, max_profiles=1)
    start = {"idTag": "TAG", "chargingProfile": profile(1, 10, TX)}
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Accepted"
    assert await set_profile(site, 1, profile(2, 20)) == "Rejected"
    await site.run(65000)
    assert await set_profile(site, 1, profile(2, 20)) == "Accepted"
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Rejected"


async def test_the_profile_of_a_remote_start_is_journaled_with_the_transaction(tmp):
    site = await ready(tmp)
    start = {"idTag": "TAG", "chargingProfile": profile(1, 10, TX, "Relative")}
    site.plug_in()
    await site.run(500)
    records = []
    site.station.begun = (lambda transaction: records.append(site.store.keys("ocpp/cp/")),)
    await site.central.call("RemoteStartTransaction", start)
    assert records == [["ocpp/cp/1"]]
    await site.power_off()  # in that very moment, as far as Smart Charging knows
    site = site_of(tmp)
    site.plug_in()
    await site.power_on()
    await site.run(1000)
    assert limit(site) == 10000 and site.gate.enabled.value


async def test_profiles_survive_a_power_cut(tmp):
    site = await ready(tmp)
    await charge(site)
    for connector, given in ((0, profile(1, 100, MAX)), (1, profile(2, 50)), (1, profile(3, {0: 40, 90: 30}, TX))):
        assert await set_profile(site, connector, given) == "Accepted"
    assert limit(site) == 40000
    central = Central(NOON + 50000)
    site = await restart(site, tmp, central)
    assert limit(site) == 40000 and site.gate.enabled.value
    await site.run(45000)
    assert limit(site) == 30000  # 90 s after the start, as if nothing had happened
    await site.power_off()
    site = site_of(tmp)
    await site.power_on()
    await site.connect(Central(NOON + 200000))
    await site.run(20000)  # the car is gone: the transaction ends
    assert site.ocpp.transaction is None
    assert sorted([one.id for one in profiles_of(site)]) == [1, 2]
    assert len(site.store.keys("ocpp/cp/")) == 2


async def test_a_TxProfile_does_not_outlive_its_transaction(tmp):
    """The power fails between the end of the transaction and the removal of its profile."""
    site = await ready(tmp)
    await charge(site)
    assert await set_profile(site, 1, profile(3, 40, TX)) == "Accepted"
    site.station.ended = ()
    site.ocpp.present_tag("TAG")
    assert site.ocpp.transaction is None and site.store.keys("ocpp/cp/") == ["ocpp/cp/3"]
    await site.run(500)
    site.unplug()
    site = await restart(site, tmp, Central())
    assert site.store.keys("ocpp/cp/") == []
    await charge(site)
    assert limit(site) == 300000


async def test_the_smallest_limit_holds_until_the_time_is_known(tmp):
    site = await ready(tmp)
    start = now_of(site)
    await charge(site)
    assert await set_profile(site, 1, profile(1, {0: 50, 3600: 20, 7200: 60}, start=start)) == "Accepted"
    assert await set_profile(site, 1, profile(2, {0: 40, 100: 10}, level=1, duration=200)) == "Accepted"
    assert limit(site) == 40000
    site = await restart(site, tmp)  # no central system, no time
    assert limit(site) == 10000 and site.gate.enabled.value
    assert "the smallest, until the time is known" in "\n".join(site.ocpp.describe())
    assert await set_time(site, start + 60)
    assert limit(site) == 40000
    site = await restart(site, tmp)
    assert limit(site) == 10000
    assert await set_time(site, start + 4000)
    assert limit(site) == 20000  # profile 2 is over; of profile 1 the second period


async def test_relative_limits_go_on_by_the_uptime_while_nobody_knows_the_time(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, {0: 16, 60: 6}, kind="Relative")) == "Accepted"
    await site.power_off()
    site = site_of(tmp)
    await site.power_on()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    await charge(site)
    assert site.clock.utc_ms() is None and limit(site) == 16000
    await site.run(59500)
    assert limit(site) == 6000
    assert "smallest" not in "\n".join(site.ocpp.describe())


async def test_the_limit_follows_when_the_time_is_corrected(tmp):
    central = Central()
    site = await ready(tmp, central)
    await charge(site)
    assert await set_profile(site, 1, profile(1, 20, start=NOW + 3600)) == "Accepted"
    assert limit(site) == 300000
    site.ocpp.stamps.learn(NOON + 3700000)  # more than an hour: it must be told twice
    site.ocpp.stamps.learn(NOON + 3700000)
    await site.run(250)
    assert limit(site) == 20000


async def test_a_profile_that_is_over_is_removed(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, 20, start=now_of(site), duration=30)) == "Accepted"
    assert await set_profile(site, 0, profile(2, 20, MAX, validTo="2027-01-15T12:00:40Z")) == "Accepted"
    await site.run(35000)
    assert [one.id for one in profiles_of(site)] == [2]
    await site.run(10000)
    assert profiles_of(site) == [] and site.store.keys("ocpp/cp/") == []


async def test_what_the_journal_refuses_is_not_installed(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, 20)) == "Accepted"
    write = site.store.commit

    def refuse(*args, **kw):
        raise site.store.Error("the medium is full")

    site.store.commit = refuse
    assert await set_profile(site, 1, profile(2, 10, level=1)) == "Rejected"
    assert await site.central.call("ClearChargingProfile", {}) == "InternalError"
    site.store.commit = write
    assert [one.id for one in profiles_of(site)] == [1]
    await charge(site)
    assert limit(site) == 20000


async def test_a_broken_record_is_dropped_and_reported(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, 20)) == "Accepted"
    site.store.put("ocpp/cp/9", [9, 1])
    site = await restart(site, tmp, Central())
    assert [one.id for one in profiles_of(site)] == [1] and site.store.keys("ocpp/cp/") == ["ocpp/cp/1"]
    assert site.lines("stored charging profile 9 is not valid")
