"""Reservations without OCPP: what any dialect asks of the station's feature "reservation"."""

from feature_site import asked, made, ready
from ocpp_site import NOON

HOUR = 3600000
USE = "components.station.reservation:Reservation"


def reserve(site, number=7, connector=1, tag="MINE", parent=None, until_ms=NOON + HOUR):
    return asked(site, "reserve", number, connector, tag, parent, until_ms)


def state(site):
    return site.station.outlets[0].connector.state.value


async def card(site, tag):
    result = site.station.present(tag)
    await site.run(1000)
    return result[1:3]


async def test_the_outlet_is_kept_for_the_idTag_and_the_transaction_tells_it(tmp):
    site = await ready(tmp, USE)
    assert state(site) == "Available" and reserve(site) == "Accepted" and state(site) == "Reserved"
    site.plug_in()
    await site.run(500)
    assert await card(site, "OTHER") == ("refused", "reserved") and not site.gate.enabled.value
    assert (await card(site, "mine"))[0] == "started"
    start = site.station.journal.oldest()
    assert start[0] == "S" and 7 in start, start
    assert site.store.get("ocpp/reserved") is None and not site.feature.active(site.station.outlets[0])
    await site.power_off()


async def test_it_is_in_the_journal_and_expires(tmp):
    site = await ready(tmp, USE)
    assert reserve(site, 7, 0, "MINE", "GROUP") == "Accepted"
    assert site.store.get("ocpp/reserved") == [7, 0, "MINE", "GROUP", NOON + HOUR]
    await site.power_off()
    site = made(tmp, USE)
    await site.power_on()
    await site.run(2 * HOUR)
    assert state(site) == "Reserved"  # the time is not known
    site.station.stamps.learn(NOON + HOUR - 1000)
    await site.run(500)
    assert state(site) == "Reserved"
    await site.run(1000)
    assert state(site) == "Available" and site.store.get("ocpp/reserved") is None
    await site.power_off()


async def test_it_is_replaced_and_cancelled_by_its_number(tmp):
    site = await ready(tmp, USE)
    assert reserve(site) == "Accepted" and reserve(site, tag="YOURS") == "Accepted"
    assert site.store.get("ocpp/reserved")[2] == "YOURS"
    assert reserve(site, 8) == "Occupied" and asked(site, "cancel", 8) is False and state(site) == "Reserved"
    assert asked(site, "cancel", 7) is True and state(site) == "Available"
    assert site.store.get("ocpp/reserved") is None and asked(site, "cancel", 7) is False
    await site.power_off()


async def test_what_prevents_it_changes_nothing(tmp):
    site = await ready(tmp, USE, {"connector_zero": False})
    for given in (
        {"connector": 0}, {"connector": -1}, {"connector": 2}, {"tag": ""}, {"tag": "T" * 37}, {"tag": None},
        {"parent": "\n"}, {"until_ms": NOON},
    ):  # fmt: skip
        assert reserve(site, **given) == "Rejected", given
    site.station.set("ReservationEnabled", "false")
    assert reserve(site) == "Rejected"
    site.station.set("ReservationEnabled", "true")
    site.plug_in()
    assert reserve(site) == "Occupied"
    site.unplug()
    await site.run(500)
    assert site.station.availability.change(1, False) == "Accepted"
    assert reserve(site) == "Unavailable" and site.store.get("ocpp/reserved") is None
    assert state(site) == "Unavailable"
    await site.power_off()
