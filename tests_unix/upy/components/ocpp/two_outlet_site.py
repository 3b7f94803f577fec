"""For tests of a charge point with two outlets: the site, and what a central system has been told of them."""

from ocpp_site import Central, Site

from core.isotime import format_utc


def made_of(tmp, **options):
    return Site(tmp, outlets=2, **options)


async def made(tmp, central=None, **options):
    """A site that runs and is accepted."""
    site = made_of(tmp, **options)
    await site.power_on()
    await site.connect(central or Central())
    return site


async def present(site, tag, ms=500):
    """A card at the one reader; what was answered, in words."""
    words = site.ocpp.present_tag(tag)
    await site.run(ms)
    return words


def running(site):
    """The idTags that charge at outlet 1 and 2; None: nobody does."""
    return tuple(
        [None if one.transactions.current is None else one.transactions.current.id_tag for one in site.ocpp.outlets]
    )


def started(site):
    """(connector, idTag) of each StartTransaction."""
    return [(p["connectorId"], p["idTag"]) for p in site.central.of("StartTransaction")]


def told(site, connector):
    return site.central.states(connector)


def bills(central):
    """{transactionId: (connector, idTag, Wh)}, each started and stopped once."""
    starts, stops = {}, {}
    number = 0
    for _, action, payload in central.calls:
        if action == "StartTransaction":
            number += 1
            starts[number] = payload
        elif action == "StopTransaction":
            assert payload["transactionId"] not in stops, "two StopTransactions of one"
            stops[payload["transactionId"]] = payload
    found = {}
    for number, start in starts.items():
        if number in stops:
            wh = stops[number]["meterStop"] - start["meterStart"]
            found[number] = (start["connectorId"], start["idTag"], wh)
    assert len(found) == len(stops), "a StopTransaction without its start"
    return found


async def reserve(site, number, tag, connector, ms=3600000, **more):
    ask = {"connectorId": connector, "idTag": tag, "reservationId": number}
    ask["expiryDate"] = format_utc(site.clock.utc_ms() + ms)
    ask.update(more)
    answer = await site.central.call("ReserveNow", ask)
    return answer if isinstance(answer, str) else answer["status"]


async def charge_both(site):
    """A card at each outlet, where its vehicle was plugged in before."""
    for number, tag in ((0, "ONE"), (1, "TWO")):
        site.bays[number].plug_in()
        await site.run(500)
        await present(site, tag)
    assert running(site) == ("ONE", "TWO") and all(bay.gate.enabled.value for bay in site.bays)
