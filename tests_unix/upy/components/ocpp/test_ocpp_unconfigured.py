"""No central system is configured: nothing is dialled, and the charger charges as it does without a connection."""

from ocpp_site import Central, Site, start

from components.ocpp import Ocpp
from components.ocpp.access import Access

NOBODY = {"url": "", "id": ""}
SECURITY = "components.ocpp.security:Security"


async def session(site):
    site.plug_in()
    await site.run(500)
    assert site.ocpp.set("AllowOfflineTxForUnknownId", "true") == "Accepted"
    await start(site, ms=3000)
    assert site.gate.enabled.value and site.ocpp.state.value == "Charging"
    site.ocpp.present_tag("TAG")
    await site.run(3000)
    assert not site.gate.enabled.value


async def test_it_charges_and_dials_nobody(tmp):
    site = Site(tmp, **NOBODY)
    await site.power_on()
    site.wifi.online.set(True)
    await session(site)
    await site.run(600000)
    link, counters = site.ocpp.link, site.ocpp.counters
    assert link.failure == "no central system is configured" and link.url == "" and not link.secure
    assert (counters.failed_connects, counters.connects, counters.tx) == (0, 0, 0) and not site.lines("next connection")
    assert [record[0] for record in site.store.queue("ocpp").entries()] == ["S", "E"]
    await site.power_off()


async def test_what_was_charged_before_is_delivered_once_there_is_one(tmp):
    site = Site(tmp, **NOBODY)
    await site.power_on()
    await session(site)
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    central = Central()
    await site.connect(central)
    await site.run(5000)
    sent = [action for _, action, _ in central.calls if "Transaction" in action]
    assert sent == ["StartTransaction", "StopTransaction"], central.calls
    await site.power_off()


async def test_the_security_extension_takes_it(tmp):
    for options in ({}, {"url_tls": "wss://central/ocpp"}, {"profile": 3}):
        site = Site(tmp, profiles=((SECURITY, options),), auth_key="0123456789abcdef", **NOBODY)
        await site.power_on()
        site.wifi.online.set(True)
        await site.run(60000)
        assert site.ocpp.link.url == "" and site.ocpp.counters.failed_connects == 0
        await site.power_off()


def test_a_central_system_needs_a_url_and_an_identity_as_before():
    for url, id, words in (
        ("ws://central", "", "option 'id': a central system needs one"),
        ("http://central", "CP-1", "option 'url': 'http://central' is not ws://"),
        (" ", "CP-1", "option 'url': "),
        ("wss://central", "CP-1", "option 'ca_file': "),
    ):
        try:
            Access(url, id, "", "")
            raise AssertionError("taken: %s" % url)
        except ValueError as e:
            assert str(e).startswith(words), e
    assert Access("", "", "", "").url == "" and Access("", "CP-1", "key", "").url == ""
    assert Ocpp.options["url"][1] is ... and Ocpp.options["id"][1] is ..., "a board has to say that it may be without"
