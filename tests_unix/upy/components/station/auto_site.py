"""For tests of a vehicle that is charged under a configured idTag."""

USE = "components.station.auto_authorize:AutoAuthorize"
AUTO = ((USE, {"tag": "AUTO"}),)


def asked(site):
    return [payload["idTag"] for payload in site.central.of("Authorize")]


def waits(site):
    """What the console says of when it is presented again."""
    return [data["waits"] for name, _, data in site.profiles[-1].page() if name != "auto"]


async def again(site):
    site.unplug()
    await site.run(1000)
    site.plug_in()
    await site.run(1000)
