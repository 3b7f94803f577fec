"""Auto-authorize over stops, restarts, and with two outlets: each vehicle has one transaction."""

from auto_site import AUTO, again, waits
from ocpp_site import Site, booted, reasons
from two_outlet_site import running, started

from core.signals import Signal


async def test_after_a_stop_nothing_starts_until_it_is_unplugged(tmp):
    """Local, remote, and for a fault of the idTag; also over a restart."""
    site = await booted(tmp, profiles=AUTO)
    site.plug_in()
    await site.run(1000)
    assert site.ocpp.present("AUTO")[1] == "ended"
    await site.run(120000)
    assert started(site) == [(1, "AUTO")] and waits(site) == ["once it is plugged in again"]
    await again(site)
    await site.central.call("RemoteStopTransaction", {"transactionId": 2})
    await site.run(120000)
    assert reasons(site.central) == ["Local", "Remote"] and len(started(site)) == 2
    central = site.central
    await site.power_off()
    site = Site(tmp, profiles=AUTO)
    await site.power_on()
    await site.connect(central)
    await site.run(3000)
    site.plug_in()  # the vehicle shows itself after a while
    await site.run(120000)
    assert len(started(site)) == 2 and waits(site) == ["once it is plugged in again"]
    await again(site)
    assert len(started(site)) == 3
    await site.power_off()


async def test_a_transaction_continues_after_a_restart_and_is_the_only_one(tmp):
    site = await booted(tmp, profiles=AUTO)
    site.plug_in()
    await site.run(5000)
    central = site.central
    await site.power_off()
    site = Site(tmp, profiles=AUTO)
    await site.power_on()
    await site.connect(central)
    await site.run(3000)
    site.plug_in()
    await site.run(60000)
    assert site.gate.enabled.value and started(site) == [(1, "AUTO")] and reasons(central) == []
    site.unplug()
    await site.run(1000)
    assert reasons(central) == ["EVDisconnected"] and list(site.store.keys("ocpp/auto")) == []
    await site.power_off()


async def test_one_that_is_gone_after_a_restart_makes_room_for_the_next(tmp):
    site = await booted(tmp, profiles=AUTO)
    site.plug_in()
    await site.run(1000)
    site.ocpp.present("AUTO")
    await site.run(1000)
    central = site.central
    await site.power_off()
    site = Site(tmp, profiles=AUTO)
    await site.power_on()
    await site.connect(central)
    await site.run(14000)
    assert list(site.store.keys("ocpp/auto")) == ["ocpp/auto"]
    await site.run(2000)
    assert list(site.store.keys("ocpp/auto")) == []
    site.plug_in()
    await site.run(1000)
    assert len(started(site)) == 2
    await site.power_off()


async def test_a_bus_that_was_down_is_no_unplugging(tmp):
    """Without the bus no vehicle is seen, and after it some time until it shows itself."""
    site = await booted(tmp, profiles=AUTO)
    bus = Signal(True)
    site.gate.add_bus(bus)
    for signal in (bus, site.kernel.alive):
        site.plug_in()
        await site.run(2000)
        before = len(started(site))
        await site.central.call("RemoteStopTransaction", {"transactionId": before})
        await site.run(1000)
        signal.set(False)
        await site.run(3000)
        site.unplug()  # as it is inferred
        await site.run(60000)
        signal.set(True)
        await site.run(1000)
        site.plug_in()
        await site.run(60000)
        assert running(site) == (None,) and len(started(site)) == before == len(reasons(site.central))
        await again(site)
        assert running(site) == ("AUTO",)
        site.unplug()
        await site.run(1000)
    await site.power_off()


async def test_two_outlets_each_for_itself(tmp):
    site = await booted(tmp, profiles=AUTO, outlets=2)
    site.bays[1].plug_in()
    await site.run(1000)
    assert running(site) == (None, "AUTO")
    site.bays[0].plug_in()
    await site.run(1000)
    assert running(site) == ("AUTO", "AUTO")
    await site.central.call("RemoteStopTransaction", {"transactionId": 1})
    await site.run(60000)
    assert running(site) == ("AUTO", None) and len(started(site)) == 2
    central = site.central
    await site.power_off()
    site = Site(tmp, profiles=AUTO, outlets=2)
    await site.power_on()
    await site.connect(central)
    for bay in site.bays:
        bay.plug_in()
    await site.run(60000)
    assert running(site) == ("AUTO", None) and len(started(site)) == 2
    await site.power_off()


async def test_a_card_at_the_reader_of_two_outlets_comes_first(tmp):
    """It is for the outlet that is plugged in next; where it does not go, the configured idTag does."""
    site = await booted(tmp, profiles=AUTO, outlets=2)
    site.ocpp.present("CARD")
    await site.run(1000)
    site.bays[1].plug_in()
    await site.run(1000)
    assert running(site) == (None, "CARD")
    site.bays[0].plug_in()
    await site.run(1000)
    assert running(site) == ("AUTO", "CARD")
    await site.power_off()


async def test_the_journal_that_takes_no_end_of_a_vehicle_starts_none(tmp):
    site = await booted(tmp, profiles=AUTO)
    site.plug_in()
    await site.run(1000)
    site.ocpp.present("AUTO")
    await site.run(1000)
    delete, site.store.delete = site.store.delete, refuse(site.store)
    site.unplug()
    await site.run(15000)
    assert site.lines("cannot be journaled")
    site.store.delete = delete
    await site.run(1000)
    assert list(site.store.keys("ocpp/auto")) == []
    await site.power_off()


def refuse(store):
    def delete(key):
        raise store.Error("full")

    return delete
