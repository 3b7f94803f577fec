"""A vehicle that is plugged in is charged under a configured idTag, as if its card had been presented."""

from auto_site import AUTO, USE, again, asked, waits
from ocpp_site import NOON, Central, Site, booted, reasons
from two_outlet_site import running, started

LIST = (("components.station.local_list:LocalList", {"max_entries": 10, "max_update": 10}),)
RESERVATION = (("components.station.reservation:Reservation", {}),)


def verdicts(**status):
    return lambda payload: {"idTagInfo": {"status": status.get(payload["idTag"], "Accepted")}}


async def test_a_vehicle_that_is_plugged_in_is_charged(tmp):
    site = await booted(tmp, profiles=AUTO)
    await site.run(2000)
    assert site.central.of("Authorize") == [] and waits(site) == []
    site.plug_in()
    await site.run(1000)
    assert asked(site) == ["AUTO"] and started(site) == [(1, "AUTO")] and site.gate.enabled.value
    await site.run(60000)
    site.unplug()
    await site.run(1000)
    stop = site.central.of("StopTransaction")[0]
    assert stop["reason"] == "EVDisconnected" and stop["meterStop"] > 100
    await again(site)
    assert started(site) == 2 * [(1, "AUTO")]
    await site.power_off()


async def test_without_an_idTag_nothing_starts(tmp):
    site = await booted(tmp, profiles=((USE, {"tag": ""}),))
    site.plug_in()
    await site.run(120000)
    assert site.central.of("Authorize", "StartTransaction") == [] and site.station.feature("auto_authorize") is None
    assert list(site.store.keys("ocpp/auto")) == []
    site.ocpp.present("CARD")
    await site.run(1000)
    assert started(site) == [(1, "CARD")] and list(site.store.keys("ocpp/auto")) == []
    await site.power_off()


def test_what_is_no_idTag_is_refused_at_the_start(tmp):
    for tag in ("T\u00e4g", "A\tB", "\x7f"):
        try:
            Site(tmp, profiles=((USE, {"tag": tag}),))
        except ValueError as e:
            assert str(e).startswith("option 'tag'"), e
            continue
        raise AssertionError(tag)


async def test_an_idTag_that_is_refused_is_presented_once(tmp):
    central = Central()
    central.answers["Authorize"] = verdicts(AUTO="Blocked")
    site = await booted(tmp, central, profiles=AUTO)
    site.plug_in()
    await site.run(300000)
    assert asked(site) == ["AUTO"] and started(site) == []
    assert site.ocpp.authorization.card.value[1:5] == ("refused", "unauthorized", "Blocked", "AUTO")
    site.ocpp.present("CARD")
    await site.run(1000)
    assert started(site) == [(1, "CARD")]
    await again(site)
    assert asked(site) == ["AUTO", "CARD", "AUTO"] and len(started(site)) == 1
    await site.power_off()


async def test_one_that_is_refused_offline_is_presented_to_the_central_system(tmp):
    site = Site(tmp, profiles=AUTO)
    await site.power_on()
    site.plug_in()
    await site.run(120000)
    assert waits(site) == ["once the central system is there"] and not site.gate.enabled.value
    await site.connect(Central())
    await site.run(1000)
    assert asked(site) == ["AUTO"] and started(site) == [(1, "AUTO")]
    await site.power_off()


async def test_offline_the_rules_of_any_card_decide(tmp):
    site = Site(tmp, profiles=LIST + AUTO)
    await site.power_on()
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.stamps.learn(NOON)
    site.plug_in()
    await site.run(1000)
    assert site.gate.enabled.value and running(site) == ("AUTO",)
    await site.power_off()


async def test_a_card_that_comes_first_wins(tmp):
    """Checked, or authorized and waiting for the plug; a remote start as well."""
    site = await booted(tmp, profiles=AUTO)
    site.ocpp.present("CARD")
    await site.run(1000)
    site.plug_in()
    await site.run(1000)
    assert started(site) == [(1, "CARD")] and asked(site) == ["CARD"]
    site.unplug()
    await site.run(1000)
    site.central.answers["Authorize"] = None
    site.ocpp.present("SLOW")
    await site.run(500)
    site.plug_in()
    await site.run(20000)
    assert asked(site) == ["CARD", "SLOW"] and len(started(site)) == 1
    site.unplug()
    await site.run(20000)  # the central system does not answer
    del site.central.answers["Authorize"]
    answer = await site.central.call("RemoteStartTransaction", {"idTag": "FAR", "connectorId": 1})
    assert answer == {"status": "Accepted"}
    await site.run(1000)
    site.plug_in()
    await site.run(2000)
    assert started(site)[-1] == (1, "FAR")
    await site.power_off()


async def test_a_card_during_its_transaction_is_another_one(tmp):
    site = await booted(tmp, profiles=AUTO)
    site.plug_in()
    await site.run(1000)
    site.ocpp.present("CARD")
    await site.run(1000)
    assert running(site) == ("AUTO",) and reasons(site.central) == []
    await site.power_off()


async def test_out_of_service_faulted_or_reserved_it_waits(tmp):
    site = await booted(tmp, profiles=RESERVATION + AUTO)
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    site.plug_in()
    await site.run(60000)
    assert asked(site) == []
    site.charger.error.set("OtherError")
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    await site.run(60000)
    assert asked(site) == []
    site.unplug()
    site.charger.error.set(None)
    await site.run(1000)
    until = "2027-01-15T18:00:00Z"
    order = {"connectorId": 1, "expiryDate": until, "idTag": "MINE", "reservationId": 7}
    assert (await site.central.call("ReserveNow", order))["status"] == "Accepted"
    site.plug_in()
    await site.run(60000)
    assert asked(site) == [] and running(site) == (None,)
    assert (await site.central.call("CancelReservation", {"reservationId": 7}))["status"] == "Accepted"
    await site.run(1000)
    assert started(site) == [(1, "AUTO")]
    await site.power_off()


async def test_reserved_for_a_group_the_central_system_is_not_flooded(tmp):
    """Whether it is of the group is known by an Authorize only."""
    site = await booted(tmp, profiles=RESERVATION + AUTO)
    order = {"connectorId": 1, "expiryDate": "2027-01-15T18:00:00Z", "idTag": "MINE", "parentIdTag": "GROUP"}
    await site.central.call("ReserveNow", dict(order, reservationId=7))
    site.plug_in()
    await site.run(150000)
    assert asked(site) == 3 * ["AUTO"] and started(site) == []
    await site.power_off()


async def test_nothing_starts_by_the_release_of_an_emergency_stop_or_of_a_fault(tmp):
    site = await booted(tmp, profiles=AUTO)
    site.kernel.emergency_stop.set(True)
    site.plug_in()
    await site.run(2000)
    site.kernel.emergency_stop.set(False)
    await site.run(60000)
    assert asked(site) == [] and waits(site) == ["once it is plugged in again"]
    site.unplug()
    site.charger.error.set("PowerSwitchFailure")
    await site.run(1000)
    site.plug_in()
    await site.run(1000)
    site.charger.error.set(None)
    site.kernel.release()
    await site.run(60000)
    assert asked(site) == []
    await again(site)
    assert started(site) == [(1, "AUTO")]
    site.kernel.emergency_stop.set(True)
    await site.run(1000)
    site.kernel.emergency_stop.set(False)
    await site.run(60000)
    assert reasons(site.central) == ["EmergencyStop"] and len(started(site)) == 1
    await site.power_off()


async def test_what_comes_while_the_central_system_is_asked_counts(tmp):
    """The emergency stop, pressed and released or shortly, the release of a fault, and a vehicle that leaves."""
    site = await booted(tmp, profiles=AUTO)
    for passed in (500, 0):
        for what in (press, release, leave):
            site.central.answers["Authorize"] = None
            site.plug_in()
            await site.run(1000)
            before = len(asked(site))
            await what(site, passed)
            site.station.authorization.answered(("Accepted", 0, None))
            await site.run(60000)
            told = running(site), len(asked(site)) - before, started(site)
            assert told == ((None,), 0, []), (passed, told)
            assert site.ocpp.transactions.obstacle("CARD") == ()
            site.unplug()
            await site.run(1000)
    del site.central.answers["Authorize"]
    await again(site)
    assert running(site) == ("AUTO",)
    await site.power_off()


async def press(site, passed):
    site.kernel.emergency_stop.set(True)
    await site.run(passed)
    site.kernel.emergency_stop.set(False)
    await site.run(passed)


async def release(site, passed):
    site.kernel.release()
    await site.run(passed)


async def leave(site, passed):
    site.unplug()
    await site.run(500 + passed)
