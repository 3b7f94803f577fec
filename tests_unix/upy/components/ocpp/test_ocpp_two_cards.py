"""One card reader and two outlets: for which of them a card is (components/station/cards.py)."""

import os

from two_outlet_site import charge_both, made, present, reserve, running, started, told


def group(**parents):
    """Answers to Authorize with the parentIdTags of some idTags."""

    def answer(payload):
        info = {"status": "Accepted"}
        if payload["idTag"] in parents:
            info["parentIdTag"] = parents[payload["idTag"]]
        return {"idTagInfo": info}

    return answer


async def test_it_goes_to_the_outlet_that_is_plugged_in_and_waits(tmp):
    site = await made(tmp)
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "A")
    assert running(site) == (None, "A") and told(site, 1) == ["Available"]


async def test_it_waits_for_the_outlet_that_is_plugged_in_next(tmp):
    for number in (0, 1):
        os.mkdir(tmp + "/%d" % number)
        site = await made(tmp + "/%d" % number)
        assert await present(site, "A") == "being checked"
        assert site.ocpp.authorization.card.value[1] == "accepted" and site.ocpp.authorization.card.value[5] == 0
        assert told(site, 1) == told(site, 2) == ["Available"]  # each can still be had
        assert (await present(site, "B")).startswith("refused: idTag A is authorized and waits")
        site.bays[number].plug_in()
        await site.run(500)
        assert running(site)[number] == "A" and running(site)[1 - number] is None
        await site.power_off()


async def test_where_one_is_left_it_is_for_that_one(tmp):
    site = await made(tmp)
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "A")
    await present(site, "B")
    assert told(site, 2)[-1] == "Preparing"
    site.bays[1].plug_in()
    await site.run(500)
    assert running(site) == ("A", "B")
    assert (await present(site, "C")).startswith("refused")


async def test_it_is_given_up_after_ConnectionTimeOut_taken_back_and_at_an_emergency_stop(tmp):
    site = await made(tmp)
    site.ocpp.set("ConnectionTimeOut", "20")
    await present(site, "A")
    await site.run(20000)
    assert site.ocpp.authorization.card.value[1:4] == ("given_up", "timeout", "")
    await present(site, "A")
    assert await present(site, "a") == "taken back"
    await present(site, "A")
    site.kernel.emergency_stop.set(True)
    site.kernel.emergency_stop.set(False)
    await site.run(500)
    assert site.ocpp.authorization.card.value[1:4] == ("given_up", "emergency_stop", "")
    site.bays[0].plug_in()
    await site.run(500)
    assert running(site) == (None, None)


async def test_the_card_of_a_transaction_ends_that_one(tmp):
    """Not the other one, wherever that is, and starts nothing."""
    site = await made(tmp)
    await charge_both(site)
    assert await present(site, "TWO") == "transaction ended"
    assert running(site) == ("ONE", None)
    assert (await present(site, "OTHER")) == "being checked"
    assert running(site) == ("ONE", "OTHER")  # at the only one that is left, as with one outlet
    assert await present(site, "ONE") == "transaction ended" and running(site) == (None, "OTHER")


async def test_a_group_ends_its_own_unless_a_vehicle_waits(tmp):
    """A colleague who plugs in beside is charged, too; with nothing plugged in the card ends the group's."""
    site = await made(tmp)
    answer = group(FIRST="FLEET", SECOND="FLEET", THIRD="FLEET", GUEST="OTHERS")
    site.central.answers["Authorize"] = answer
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "FIRST")
    assert running(site) == ("FIRST", None)
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "SECOND")
    assert running(site) == ("FIRST", "SECOND")
    await present(site, "THIRD")  # both are of its group: which one it means nobody can tell
    assert running(site) == ("FIRST", "SECOND") and site.ocpp.authorization.card.value[1] == "refused"
    await present(site, "SECOND")
    assert running(site) == ("FIRST", None)
    site.bays[1].unplug()
    await site.run(500)
    await present(site, "GUEST")
    assert running(site) == ("FIRST", None)
    await present(site, "GUEST")  # taken back
    await present(site, "THIRD")
    assert running(site) == (None, None)
    assert [p.get("idTag") for p in site.central.of("StopTransaction")] == ["SECOND", "THIRD"]


async def test_one_that_could_only_end_a_transaction_does_not_start_one(tmp):
    """Both charge; while the card is being checked one ends by itself."""
    site = await made(tmp)
    site.central.answers["Authorize"] = group(ONE="FLEET", LATE="OTHERS")
    await charge_both(site)
    site.central.answers["Authorize"] = None
    assert await present(site, "LATE") == "being checked"
    site.bays[1].unplug()
    await site.run(500)
    site.bays[1].plug_in()
    await site.run(500)
    del site.central.answers["Authorize"]
    await site.run(31000)
    assert running(site) == ("ONE", None) and site.ocpp.authorization.card.value[1] == "refused"


async def test_a_reserved_outlet_takes_its_card_only(tmp):
    site = await made(tmp, profiles=(("components.station.reservation:Reservation", {}),))
    assert await reserve(site, 7, "MINE", 2) == "Accepted"
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "OTHER")
    assert running(site) == (None, None)  # it is for outlet 1 now
    site.bays[0].plug_in()
    await site.run(500)
    assert running(site) == ("OTHER", None)
    await present(site, "MINE")
    assert running(site) == ("OTHER", "MINE")
    assert [p.get("reservationId") for p in site.central.of("StartTransaction")] == [None, 7]


async def test_a_card_and_a_remote_start_at_the_same_time(tmp):
    """The card is being checked, and the outlet that was free is taken meanwhile: it waits for the other one."""
    site = await made(tmp)
    for bay in site.bays:
        bay.plug_in()
    await site.run(500)
    site.central.answers["Authorize"] = None
    await present(site, "CARD")
    assert await site.central.call("RemoteStartTransaction", {"idTag": "REMOTE"}) == {"status": "Accepted"}
    assert running(site) == ("REMOTE", None)
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    await site.run(31000)
    assert running(site) == ("REMOTE", "CARD") and started(site) == [(1, "REMOTE"), (2, "CARD")]


async def test_what_is_no_idTag(tmp):
    site = await made(tmp)
    for tag in ("", "x" * 21, "\u00fc", "a\nb"):
        assert await present(site, tag) == "an idTag has 1 to 20 printable ASCII characters"
    assert site.central.of("Authorize") == []


async def test_a_vehicle_that_is_done_is_not_what_a_card_is_for(tmp):
    """Its driver is gone, and the cable still in: a card that comes next is for the outlet that is plugged in next."""
    site = await made(tmp)
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "A")
    await present(site, "A")
    assert told(site, 2)[-1] == "Finishing"
    await present(site, "B")
    assert running(site) == (None, None)
    site.bays[0].plug_in()
    await site.run(500)
    assert running(site) == ("B", None)
