"""The connector lock: when it is locked, and what becomes of charging where it fails (OCPP 1.6, 5.18 and 9.1.33)."""

from lock_site import Stuck, made, position, unlock
from ocpp_site import reasons, start


def told(site):
    """(status, errorCode) of connector 1, in order."""
    return [(p["status"], p["errorCode"]) for p in site.central.of("StatusNotification") if p["connectorId"] == 1]


async def test_locked_before_the_transaction_starts_and_until_it_has_ended(tmp):
    site = await made(tmp)
    assert position(tmp) == "unlocked"
    seen = []
    site.gate.transaction.watch(lambda runs: seen.append((runs, position(tmp))))
    site.gate.enabled.watch(lambda enabled: seen.append((enabled, position(tmp))))
    await start(site, ms=2000)
    assert site.gate.enabled.value and position(tmp) == "locked"
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert seen == [(True, "locked"), (True, "locked"), (False, "locked"), (False, "locked")]
    assert position(tmp) == "unlocked" and reasons(site.central) == ["Local"]
    assert site.central.states() == ["Available", "Preparing", "Charging", "Finishing"]
    site.unplug()
    await site.run(500)
    assert site.central.states()[-1] == "Available" and site.lock.moves == 2


async def test_identification_first_locks_when_the_plug_is_in(tmp):
    site = await made(tmp)
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    assert position(tmp) == "unlocked"
    site.plug_in()
    await site.run(1000)
    assert position(tmp) == "locked" and site.gate.enabled.value


async def test_a_lock_that_jams_open_starts_no_transaction(tmp):
    site = await made(tmp)
    position(tmp, "jammed unlocked")
    await start(site, ms=8000)
    assert told(site) == [("Available", "NoError"), ("Preparing", "NoError"), ("Faulted", "ConnectorLockFailure")]
    assert site.central.of("StatusNotification")[-1]["info"] == "the cable cannot be locked"
    assert site.central.of("StartTransaction") == [] and not site.gate.transaction.value
    assert site.lock.moves == 3 and site.lock.failures == 1
    assert site.ocpp.present_tag("TAG").startswith("refused")
    await site.run(60000)
    assert site.lock.moves == 3  # it does not rattle for ever
    position(tmp, "unlocked")
    site.unplug()
    await site.run(500)
    assert told(site)[-1] == ("Available", "NoError")
    await start(site, ms=2000)
    assert site.gate.enabled.value


async def test_it_is_locked_at_the_second_attempt(tmp):
    site = await made(tmp)
    position(tmp, "jammed unlocked")
    await start(site, ms=1400)
    position(tmp, "unlocked")
    await site.run(2000)
    assert site.lock.moves == 2 and site.gate.enabled.value and site.lock.failures == 0


async def test_a_lock_that_is_forced_open_while_charging(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    position(tmp, "jammed unlocked")
    await site.run(150)
    assert not site.gate.enabled.value and "locked" in site.gate.blocking()
    await site.run(6000)
    assert told(site)[-1] == ("Faulted", "ConnectorLockFailure") and site.ocpp.transaction is not None
    position(tmp, "jammed locked")
    await site.run(1000)
    assert site.gate.enabled.value and told(site)[-1] == ("Charging", "NoError")
    position(tmp, "unlocked")
    await site.run(1000)
    assert position(tmp) == "locked" and site.gate.enabled.value  # locked again by itself


async def test_a_lock_that_jams_closed(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    position(tmp, "jammed locked")
    site.ocpp.present_tag("TAG")
    await site.run(8000)
    assert reasons(site.central) == ["Local"] and told(site)[-1] == ("Faulted", "ConnectorLockFailure")
    assert await unlock(site) == "UnlockFailed"
    assert told(site)[-1] == ("Faulted", "ConnectorLockFailure")
    position(tmp, "locked")
    assert await unlock(site) == "Unlocked"
    await site.run(500)
    assert told(site)[-1] == ("Finishing", "NoError") and position(tmp) == "unlocked"


async def test_unlock_connector_with_a_transaction_ends_it_first(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    seen = []
    site.lock.locked.watch(lambda locked: seen.append((locked, site.gate.transaction.value, site.ocpp.transaction)))
    assert await unlock(site) == "Unlocked"
    assert seen == [(False, False, None)] and reasons(site.central) == ["UnlockCommand"]
    await site.run(500)
    assert told(site)[-1] == ("Finishing", "NoError")


async def test_unlock_connector_without_a_transaction_tries_though_it_is_open(tmp):
    site = await made(tmp)
    assert await unlock(site) == "Unlocked" and site.lock.moves == 1
    for unknown in (0, 2, -1):
        assert await unlock(site, unknown) == "NotSupported"
    assert site.lock.moves == 1


async def test_it_does_not_open_while_current_flows(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    site.charger.terminal_current_ma.set(30000)  # a contactor that is welded
    assert await unlock(site) == "UnlockFailed"
    assert position(tmp) == "locked" and reasons(site.central) == ["UnlockCommand"]
    await site.run(500)
    assert told(site)[-1] == ("Faulted", "ConnectorLockFailure")
    assert site.central.of("StatusNotification")[-1]["info"] == "the cable stays locked: current may flow"
    site.charger.terminal_current_ma.set(0)
    assert await unlock(site) == "Unlocked"


async def test_an_unknown_current_counts_as_one(tmp):
    """With terminal power lost it counted as none, and the lock opened."""
    site = await made(tmp)
    await start(site, ms=2000)
    site.charger.terminal_current_ma.set(None)
    site.ocpp.present_tag("TAG")
    await site.run(20000)
    assert reasons(site.central) == ["Local"] and position(tmp) == "locked" and site.lock.moves == 1
    assert told(site)[-1] == ("Faulted", "ConnectorLockFailure")
    assert await unlock(site) == "UnlockFailed"
    assert position(tmp) == "locked" and site.lock.moves == 1
    site.charger.terminal_current_ma.set(0)  # it is known again: nobody has to ask
    await site.run(1500)
    assert position(tmp) == "unlocked" and told(site)[-1] == ("Finishing", "NoError")


class Flowing:
    """What the tests' site would derive from the gate alone."""

    value = True

    def set(self, value):
        pass


async def test_a_measurement_from_before_the_stop_does_not_open_it(tmp):
    """`flowing` lasts until one that was taken after the gate closed shows no current."""
    site = await made(tmp)
    await start(site, ms=2000)
    site.charger.flowing = flowing = Flowing()
    site.charger.terminal_current_ma.set(500)  # the taper at the end
    site.ocpp.present_tag("TAG")
    await site.run(5000)
    assert position(tmp) == "locked" and await unlock(site) == "UnlockFailed"
    flowing.value = False
    await site.run(1500)
    assert position(tmp) == "unlocked"


async def test_the_moment_without_a_current_is_not_waited_for_in_whole_attempts(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    site.charger.terminal_current_ma.set(30000)
    site.ocpp.present_tag("TAG")
    await site.run(300)
    assert position(tmp) == "locked"
    site.charger.terminal_current_ma.set(0)
    await site.run(600)
    assert position(tmp) == "unlocked" and site.lock.failures == 0


async def test_stop_and_unlock_on_ev_side_disconnect(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    site.unplug()
    await site.run(1500)
    assert reasons(site.central) == ["EVDisconnected"] and position(tmp) == "unlocked"
    assert site.central.states()[-3:] == ["Charging", "Finishing", "Available"]


async def test_stop_but_no_unlock_on_ev_side_disconnect(tmp):
    site = await made(tmp)
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(10000)
    assert reasons(site.central) == ["EVDisconnected"] and position(tmp) == "locked"
    assert site.central.states()[-2:] == ["Charging", "Finishing"]
    assert await unlock(site) == "Unlocked"
    await site.run(500)
    assert site.central.states()[-1] == "Available" and position(tmp) == "unlocked"


async def test_the_owner_of_a_cable_that_stayed_locked_gets_it_with_the_card(tmp):
    site = await made(tmp)
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    await site.power_off()

    site = await made(tmp)  # over a restart, too
    await site.run(5000)
    assert position(tmp) == "locked" and site.ocpp.state.value == "Finishing"
    ((_, text, data),) = site.lock.page()
    assert (text % data).endswith(", kept for idTag TAG")
    assert site.ocpp.present_tag("tag") == "the cable is unlocked"
    await site.run(1000)
    assert position(tmp) == "unlocked" and site.ocpp.state.value == "Available"
    assert site.store.get("lock/held") is None and site.central.of("Authorize") == []


async def test_a_new_transaction_with_a_cable_that_stayed_locked(tmp):
    site = await made(tmp)
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    await start(site, ms=2000)
    assert site.gate.enabled.value and site.ocpp.transaction.id == 2
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert position(tmp) == "unlocked" and site.store.get("lock/held") is None


async def test_neither_stop_nor_unlock_on_ev_side_disconnect(tmp):
    site = await made(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(3000)
    assert reasons(site.central) == [] and position(tmp) == "locked" and site.ocpp.state.value == "SuspendedEV"
    site.plug_in()
    await site.run(500)
    assert site.gate.enabled.value and site.lock.moves == 1
    site.unplug()
    await site.run(500)
    assert await site.central.call("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    await site.run(1500)
    assert reasons(site.central) == ["Remote"] and site.central.states()[-2:] == ["Finishing", "Available"]


async def test_unlock_but_no_stop_on_ev_side_disconnect(tmp):
    site = await made(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    assert reasons(site.central) == [] and position(tmp) == "unlocked" and site.ocpp.state.value == "SuspendedEV"
    site.plug_in()
    assert not site.gate.enabled.value  # not before it is locked again
    await site.run(1000)
    assert position(tmp) == "locked" and site.gate.enabled.value and site.ocpp.transaction.id == 1


async def test_a_lock_that_opens_without_a_vehicle_does_not_rattle_for_ever(tmp):
    site = await made(tmp)
    site.ocpp.set("StopTransactionOnEVSideDisconnect", "false")
    site.ocpp.set("UnlockConnectorOnEVSideDisconnect", "false")
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    position(tmp, "jammed unlocked")
    await site.run(60000)
    assert site.lock.moves == 4 and told(site)[-1] == ("Faulted", "ConnectorLockFailure")


async def test_a_remote_start_while_it_opens_waits_until_it_is_locked_again(tmp):
    site = await made(tmp)
    await start(site, ms=2000)
    site.ocpp.present_tag("TAG")
    while position(tmp) == "locked" and site.lock.moves < 2:
        await site.run(50)
    seen = []
    site.gate.transaction.watch(lambda runs: seen.append((runs, site.lock.locked.value, site.lock.moves)))
    assert await site.central.call("RemoteStartTransaction", {"idTag": "TAG"}) == {"status": "Accepted"}
    await site.run(2000)
    assert seen == [(True, True, 3)] and site.gate.enabled.value


async def test_finishing_is_reported_however_quick_the_lock_is(tmp):
    site = await made(tmp, Stuck())
    await start(site, ms=2000)
    site.unplug()
    await site.run(1000)
    assert site.central.states()[-3:] == ["Charging", "Finishing", "Available"]
