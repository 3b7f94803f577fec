"""What the tests of the connector's states share: a site that charges, and the states that it told."""


async def charging(site):
    """The vehicle comes, a card is presented, and it charges."""
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert site.central.states()[-1] == "Charging"


def infos(site):
    """(status, info or None) of each StatusNotification of connector 1."""
    return [(p["status"], p.get("info")) for p in site.central.of("StatusNotification") if p["connectorId"] == 1]
