"""Going down: Reset and its retries, an orderly stop, and the power that is gone (OCPP 1.6, 4.8, 5.14, 9.1)."""

import asyncio

from ocpp_site import Central, Site, booted, reasons

from components.persistence import Persistence
from core.kernel import RESTART


async def charging(home, **keys):
    site = await booted(home)
    for key, value in keys.items():
        assert site.ocpp.set(key, value) == "Accepted", key
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    assert site.gate.enabled.value and site.ocpp.transaction.id == 1
    return site


def break_journal(site):
    """From now on the store refuses; returns a function that mends it."""
    commit = site.store.commit

    def refuse(*args, **kwargs):
        raise Persistence.Full("no room")

    site.store.commit = refuse

    def mend():
        site.store.commit = commit

    return mend


async def test_a_reset_whose_transaction_cannot_be_ended_is_tried_again(tmp):
    for kind, first_ms in (("Soft", 10000), ("Hard", 0)):
        site = await charging(tmp + "/" + kind, ResetRetries="2")
        break_journal(site)
        began = site.clock.uptime_ms()
        assert await site.central.call("Reset", {"type": kind}) == {"status": "Accepted"}
        assert not site.gate.transaction.value and not site.gate.enabled.value
        await site.run(first_ms + 19000 - (site.clock.uptime_ms() - began))
        assert site.exits == [] and len(site.lines("next try in 10000 ms")) == 2
        await site.run(2000)  # the last try: a restart may mend the medium
        assert site.exits[0][0] == RESTART and reasons(site.central) == []


async def test_a_retry_of_a_reset_that_succeeds_delivers_first(tmp):
    site = await charging(tmp, ResetRetries="5")
    mend = break_journal(site)
    await site.central.call("Reset", {"type": "Soft"})
    await site.run(15000)
    assert site.exits == []
    mend()
    await site.run(1000)
    assert reasons(site.central) == ["SoftReset"] and site.exits[0][0] == RESTART


async def test_without_retries_a_soft_reset_waits_its_ten_seconds_and_restarts_all_the_same(tmp):
    site = await charging(tmp)
    break_journal(site)
    await site.central.call("Reset", {"type": "Soft"})
    await site.run(9000)
    assert site.exits == []
    await site.run(2000)
    assert site.exits[0][0] == RESTART


async def stop_in_order(site, cancel_after_ms=1500):
    """As the kernel does it: each component finishes, and is waited for."""
    task = asyncio.create_task(site.station.before_stop())
    await site.run(cancel_after_ms)
    assert task.done()


async def test_an_orderly_stop_tells_the_end_before_the_power_goes(tmp):
    site = await charging(tmp, StopTransactionOnPowerLoss="true")
    central = site.central
    await stop_in_order(site)
    assert reasons(central) == ["PowerLoss"] and central.states()[-1] == "Finishing"
    assert central.actions()[-2:] == ["StopTransaction", "StatusNotification"]
    assert len(site.ocpp.journal) == 0 and site.store.get("ocpp/tx") is None


async def test_an_orderly_stop_waits_a_second_at_most_and_loses_nothing(tmp):
    site = await charging(tmp, StopTransactionOnPowerLoss="true")
    site.central.answers["StopTransaction"] = None
    await stop_in_order(site)
    assert site.store.queue("ocpp").peek()[5] == "PowerLoss"
    await site.power_off()
    site = Site(tmp)
    site.plug_in()
    await site.power_on()
    central = Central()
    await site.connect(central)
    await site.run(2000)
    assert reasons(central) == ["PowerLoss"] and not site.gate.transaction.value


async def test_an_orderly_stop_without_the_key_leaves_the_transaction_to_the_next_start(tmp):
    site = await charging(tmp)
    central = site.central
    await stop_in_order(site)
    assert reasons(central) == [] and site.store.get("ocpp/tx") is not None


async def test_after_a_power_cut_the_transaction_ends_and_the_vehicle_that_is_there_gets_nothing(tmp):
    site = await charging(tmp, StopTransactionOnPowerLoss="true")
    central = site.central
    await site.power_off()
    site = Site(tmp)
    opened = []
    site.gate.transaction.watch(opened.append)
    await site.power_on()
    await site.connect(central)
    await site.run(3000)
    assert reasons(central) == [], "the vehicle is waited for: it decides what state comes after"
    site.plug_in()
    await site.run(1000)
    assert reasons(central) == ["PowerLoss"] and central.states()[-1] == "Finishing"
    assert True not in opened and site.ocpp.transaction is None


async def test_a_card_that_ends_it_after_a_power_cut_before_the_vehicle_shows_itself(tmp):
    """The vehicle was there and is: Finishing. One that comes later is another: Preparing."""
    for late, state in ((False, "Finishing"), (True, "Preparing")):
        site = await charging("%s/%s" % (tmp, state))
        central = site.central
        await site.power_off()
        site = Site("%s/%s" % (tmp, state))
        await site.power_on()
        await site.connect(central)
        assert site.ocpp.present_tag("TAG") == "transaction ended"
        await site.run(16000 if late else 500)
        site.plug_in()
        await site.run(500)
        assert reasons(central) == ["Local"] and central.states()[-1] == state
        assert await central.call("RemoteStartTransaction", {"idTag": "NEXT"}) == {"status": "Accepted"}
        await site.run(1000)
        assert site.gate.enabled.value and reasons(central) == ["Local"]
        await site.power_off()
