"""Who may charge at a reserved connector, and what becomes of the reservation (OCPP 1.6, section 5.13)."""

from ocpp_site import NOON
from reservation_site import HOUR, Reluctant, made, present, reserve, started


async def test_only_the_reserved_tag_charges_and_uses_the_reservation_up(tmp):
    site = await made(tmp)
    assert await reserve(site) == "Accepted"
    await site.run(500)
    assert site.central.states() == ["Available", "Reserved"] and site.central.states(0) == ["Available"]
    assert await present(site, "OTHER") == "refused: the connector is reserved"
    assert site.central.of("Authorize") == []
    site.plug_in()
    await site.run(500)
    assert site.ocpp.state.value == "Reserved"
    await present(site, "mine")  # a CiString
    assert started(site) == [("mine", 7)] and site.gate.enabled.value
    assert site.central.states()[1:] == ["Reserved", "Preparing", "Charging"]
    assert site.store.get("ocpp/reserved") is None
    await present(site, "mine")
    site.unplug()
    await site.run(500)
    site.plug_in()
    await site.run(500)
    await present(site, "OTHER")
    assert started(site)[1] == ("OTHER", None)


async def test_the_start_and_the_end_of_the_reservation_are_one_record_of_the_journal(tmp):
    site = await made(tmp)
    await reserve(site)
    site.plug_in()
    await site.run(500)
    seen = []
    commit = site.store.commit

    def watched(changes=None, push=(), pop=(), drop=()):
        commit(changes, push, pop, drop)
        seen.append((site.store.get("ocpp/tx") is not None, site.store.get("ocpp/reserved") is not None))

    site.store.commit = watched
    await present(site, "MINE")
    assert (True, False) in seen and (True, True) not in seen


async def test_a_start_that_the_journal_refuses_leaves_the_reservation(tmp):
    site = await made(tmp, store=Reluctant)
    await reserve(site)
    site.plug_in()
    await site.run(500)
    site.ocpp.configuration.set("AuthorizationCacheEnabled", "false")
    site.store.full = True
    await present(site, "MINE")
    assert site.ocpp.transaction is None and site.ocpp.state.value == "Reserved"
    site.store.full = False
    await present(site, "MINE")
    assert started(site) == [("MINE", 7)]


async def test_identification_first_and_nothing_plugged_in(tmp):
    site = await made(tmp)
    await reserve(site, until_ms=NOON + 10 * HOUR)
    await present(site, "MINE")
    assert site.ocpp.state.value == "Preparing"
    assert await reserve(site, 8, "OTHER") == "Occupied"
    await site.run(60000)
    assert site.ocpp.state.value == "Reserved"  # nothing was started, so it still holds
    assert site.central.states() == ["Available", "Reserved", "Preparing", "Reserved"]
    await present(site, "MINE")
    site.plug_in()
    await site.run(500)
    assert started(site) == [("MINE", 7)]


async def test_replaced_for_another_while_the_first_waits_for_the_plug(tmp):
    site = await made(tmp)
    await reserve(site)
    await present(site, "MINE")
    assert await reserve(site, 7, "NEW") == "Accepted"
    await site.run(500)
    assert site.ocpp.state.value == "Reserved"
    site.plug_in()
    await site.run(1000)
    assert started(site) == []
    await present(site, "NEW")
    assert started(site) == [("NEW", 7)]


async def test_connector_zero_keeps_the_only_connector(tmp):
    site = await made(tmp)
    assert site.ocpp.get("ReserveConnectorZeroSupported") == [("ReserveConnectorZeroSupported", "true", True)]
    assert await reserve(site, connector=0) == "Accepted"
    await site.run(500)
    assert site.central.states() == ["Available", "Reserved"] and site.central.states(0) == ["Available"]
    assert await reserve(site, 8) == "Occupied"
    assert (await present(site, "OTHER")).startswith("refused")
    site.plug_in()
    await present(site, "MINE")
    assert started(site) == [("MINE", 7)]


async def test_a_tag_of_the_family(tmp):
    parents = {"SON": "family", "EVE": "OTHERS", "NOBODY": None}

    def authorize(payload):
        info = {"status": "Accepted"}
        if parents.get(payload["idTag"]):
            info["parentIdTag"] = parents[payload["idTag"]]
        return {"idTagInfo": info}

    site = await made(tmp)
    site.central.answers["Authorize"] = authorize
    assert await reserve(site, parentIdTag="FAMILY") == "Accepted"
    site.plug_in()
    for stranger in ("EVE", "NOBODY"):
        assert await present(site, stranger) == "being checked"
        assert started(site) == [] and site.ocpp.state.value == "Reserved"
    await present(site, "SON")
    assert started(site) == [("SON", 7)]
    assert site.central.of("Authorize") == [{"idTag": tag} for tag in ("EVE", "NOBODY", "SON")]


async def test_the_parent_in_the_cache_needs_no_central_system(tmp):
    site = await made(tmp)
    site.ocpp.set("LocalPreAuthorize", "true")
    site.central.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    await present(site, "SON")
    await present(site, "SON")  # takes it back
    await reserve(site, parentIdTag="FAMILY")
    await site.disconnect()
    site.plug_in()
    await present(site, "UNKNOWN")
    assert site.ocpp.transaction is None
    await present(site, "SON")
    assert site.ocpp.transaction.id_tag == "SON" and site.store.queue("ocpp").peek()[6] == 7


async def test_remote_start(tmp):
    site = await made(tmp)
    await reserve(site)
    ask = site.central.call
    assert await ask("RemoteStartTransaction", {"idTag": "OTHER"}) == {"status": "Rejected"}
    assert await ask("RemoteStartTransaction", {"idTag": "MINE", "connectorId": 1}) == {"status": "Accepted"}
    await site.run(500)
    assert site.ocpp.state.value == "Preparing"
    site.plug_in()
    await site.run(500)
    assert started(site) == [("MINE", 7)] and site.central.of("Authorize") == []


async def test_remote_start_of_the_family_requests_the_parent(tmp):
    site = await made(tmp)
    site.central.answers["Authorize"] = lambda payload: {
        "idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY" if payload["idTag"] == "SON" else "OTHERS"}
    }
    await reserve(site, parentIdTag="FAMILY")
    site.plug_in()
    for tag in ("EVE", "SON"):
        assert await site.central.call("RemoteStartTransaction", {"idTag": tag}) == {"status": "Accepted"}
        await site.run(500)
    assert started(site) == [("SON", 7)]


async def test_a_tag_that_is_being_checked_when_the_connector_gets_reserved(tmp):
    site = await made(tmp)
    site.central.answers["Authorize"] = None
    site.ocpp.present_tag("OTHER")
    await site.run(500)
    assert await reserve(site) == "Accepted"
    await site.central.give([3, site.central.calls[-1][0], {"idTagInfo": {"status": "Accepted"}}])
    site.plug_in()
    await site.run(1000)
    assert started(site) == [] and site.ocpp.state.value == "Reserved"
