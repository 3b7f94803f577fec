"""A charge point whose journal lost records: it starts closed and Faulted, says so, and repeats no id."""

from journals import content, lay, places
from ocpp_site import Central, Site

_SECURITY = (("components.ocpp.security:Security", {}),)


async def damaged_site(home, key):
    """A charge point in its second life, after both copies of the last record with `key` were lost."""
    site = Site(home, profiles=_SECURITY)
    await site.power_on()
    central = Central()
    await site.connect(central)
    site.plug_in()
    site.ocpp.present_tag("TAG-1")
    await site.run(120000)
    site.ocpp.present_tag("TAG-1")
    await site.run(5000)
    await site.disconnect()
    await site.power_off()
    data = bytearray(content(home))
    at, length = [place for place in places(data) if key in data[place[0] : place[0] + place[1]]][-1]
    data[at : at + 2 * length] = bytes(2 * length)
    lay(home, data)
    return await alive(home, central), central


async def alive(home, central):
    site = Site(home, profiles=_SECURITY)
    await site.power_on()
    central.start_ms += 1000000
    await site.connect(central)
    await site.run(2000)
    return site


def told(central):
    return [
        payload["techInfo"] for _, action, payload in central.calls
        if action == "SecurityEventNotification" and payload["type"] == "JournalDamaged"
    ]  # fmt: skip


async def test_a_lost_end_of_a_transaction_starts_closed_and_faulted_until_it_is_released(tmp):
    site, central = await damaged_site(tmp, b'"ocpp/tx": null')
    site.plug_in()
    site.ocpp.present_tag("TAG-2")
    await site.run(30000)
    assert not site.gate.enabled.value and "journal" in site.gate.blocking()
    assert site.ocpp.state.value == "Faulted" and site.ocpp.connector.error == "InternalError"
    assert "in doubt" in site.ocpp.connector.info and "the running transaction" in site.store.doubts
    assert len(told(central)) == 1 and "the running transaction" in told(central)[0]
    site.kernel.releases.set(1)
    await site.run(20000)
    assert site.ocpp.state.value != "Faulted" and "journal" not in site.gate.blocking()
    await site.disconnect()
    await site.power_off()
    site = await alive(tmp, central)
    assert site.store.doubts == () and len(told(central)) == 1
    await site.power_off()


async def test_a_restart_alone_releases_nothing_and_a_reset_does(tmp):
    site, central = await damaged_site(tmp, b'"ocpp/tx": null')
    await site.disconnect()
    await site.power_off()
    site = await alive(tmp, central)
    assert site.ocpp.state.value == "Faulted" and len(told(central)) == 1  # told once, however often it starts
    await central.call("Reset", {"type": "Soft"})
    await site.run(15000)
    assert site.exits and site.store.doubts == ()
    await site.power_off()
    site = await alive(tmp, central)
    assert site.ocpp.state.value != "Faulted" and len(told(central)) == 1
    await site.power_off()


async def test_no_message_id_is_used_again_when_the_counter_of_runs_was_lost(tmp):
    """The record with the second run's number is gone: the third run must not be the second once more."""
    site = Site(tmp, profiles=_SECURITY)
    central = Central()
    runs = []
    for life in range(3):
        await site.power_on()
        central.start_ms += 1000000
        await site.connect(central)
        await site.run(5000)
        runs.append(site.store.get("ocpp/run")[1])
        await site.disconnect()
        await site.power_off()
        if life == 1:
            data = bytearray(content(tmp))
            at, length = [place for place in places(data) if b'"ocpp/run"' in data[place[0] : place[0] + place[1]]][-1]
            data[at : at + 2 * length] = bytes(2 * length)
            lay(tmp, data)
        site = Site(tmp, profiles=_SECURITY)
    assert runs[:2] == [1, 2] and runs[2] > 1000, runs
    assert central.repeated == 0
    ids = [message_id for message_id, _, _ in central.calls]
    assert len(set(ids)) == len(ids)
