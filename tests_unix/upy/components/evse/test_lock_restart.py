"""The connector lock over restarts and failures of its own: what it finds locked, and a driver that breaks."""

from lock_site import Stuck, made, position, unlock
from ocpp_site import reasons, start


async def test_a_transaction_goes_on_locked_over_a_power_cut(tmp):
    site = await made(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    await site.power_off()
    assert position(tmp) == "locked"
    site = await made(tmp)
    await site.run(3000)  # until the vehicle shows itself, nobody has unplugged it
    assert position(tmp) == "locked" and not site.gate.enabled.value
    site.plug_in()
    await site.run(500)
    assert site.gate.enabled.value and site.lock.moves == 0


async def test_the_vehicle_left_while_the_power_was_off(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    await site.power_off()
    site = await made(tmp)
    await site.run(14000)
    assert position(tmp) == "locked"  # the vehicle may still show itself
    await site.run(3000)
    assert reasons(site.central) == ["PowerLoss"] and position(tmp) == "unlocked"
    assert site.central.states()[-1] == "Available"


async def test_a_bolt_that_opened_in_the_power_cut_is_locked_before_the_transaction_goes_on(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    await site.power_off()
    position(tmp, "unlocked")
    site = await made(tmp)
    opened = []
    site.gate.enabled.watch(lambda enabled: opened.append((enabled, position(tmp))))
    site.plug_in()
    await site.run(2000)
    assert opened == [(True, "locked")]


async def test_what_was_left_locked_without_a_transaction_is_unlocked(tmp):
    site = await made(tmp)
    await site.power_off()
    position(tmp, "locked")  # the power failed before it had opened
    site = await made(tmp)
    await site.run(1000)
    assert position(tmp) == "unlocked" and site.ocpp.state.value == "Available"


async def test_what_is_kept_for_an_id_tag_but_open_is_kept_for_none(tmp):
    site = await made(tmp)
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    await site.power_off()
    position(tmp, "unlocked")
    site = await made(tmp)
    await site.run(1000)
    assert site.store.get("lock/held") is None and site.lock.moves == 0
    assert site.ocpp.state.value == "Available"


async def test_a_driver_that_breaks_closes_the_gate_and_answers_at_once(tmp):
    driver = Stuck()
    site = await made(tmp, driver)
    await start(site, ms=2000)
    assert site.gate.enabled.value
    driver.broken = True
    await site.run(200)
    assert not site.gate.enabled.value and not site.lock.locked.value
    assert await unlock(site, ms=500) == "UnlockFailed" and reasons(site.central) == ["UnlockCommand"]


async def test_a_driver_that_breaks_while_it_moves(tmp):
    driver = Stuck()
    driver.drive = lambda locked: None  # it does not move
    site = await made(tmp, driver)
    await start(site, ms=600)
    rests = driver.rests
    driver.broken = True
    await site.run(1000)
    assert driver.rests == rests + 1  # it is not left driven
    assert site.central.of("StatusNotification")[-1]["errorCode"] == "ConnectorLockFailure"
    assert site.ocpp.transaction is None
