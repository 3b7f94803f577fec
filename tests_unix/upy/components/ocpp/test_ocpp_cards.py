"""What becomes of an idTag, as values: what a display, an LED or a buzzer at a card reader is told."""

import micropython

from ocpp_site import booted


class Reader:
    """What a site's card reader tells: of each result all but its number."""

    def __init__(self, site):
        self.site = site
        self.told = []
        site.ocpp.authorization.card.watch(self._hear)

    def _hear(self, result):
        assert result is not None and isinstance(result[0], int)
        self.told.append(result[1:])

    async def present(self, tag, ms=500):
        """(outcome, reason, detail) of each result that comes for this tag within `ms`."""
        self.told = []
        result = self.site.ocpp.present(tag)
        assert self.told and result[1:] == self.told[-1]
        await self.site.run(ms)
        assert [told[3] for told in self.told] == [tag.strip()] * len(self.told), self.told
        return [told[:3] for told in self.told]


async def test_a_card_is_checked_accepted_starts_and_ends_a_transaction(tmp):
    site = await booted(tmp)
    reader = Reader(site)
    site.plug_in()
    ok = [("checking", "", ""), ("accepted", "", ""), ("started", "", "")]
    assert await reader.present(" TAG ", 1000) == ok
    assert reader.told[0][4] == 1, "the outlet"
    assert await reader.present("tag") == [("ended", "", "")]
    site.unplug()
    await site.run(500)
    assert await reader.present("TAG") == ok[:2], "before the plug"
    assert await reader.present("TAG") == [("taken_back", "", "")]
    assert await reader.present("TAG") == ok[:2]
    reader.told = []
    site.plug_in()
    await site.run(500)
    assert reader.told == [("started", "", "", "TAG", 1)]


async def test_what_the_central_system_decides_later_is_reported_later(tmp):
    site = await booted(tmp)
    reader = Reader(site)
    for status in ("Blocked", "Expired", "Invalid", "ConcurrentTx"):
        site.central.answers["Authorize"] = {"idTagInfo": {"status": status}}
        assert await reader.present("TAG") == [("checking", "", ""), ("refused", "unauthorized", status)]


async def test_a_refusal_says_by_a_code_what_came_first(tmp):
    site = await booted(tmp)
    reader = Reader(site)
    assert await reader.present("x" * 21) == [("no_tag", "", "")]
    site.ocpp.present("FIRST")
    assert site.ocpp.present("SECOND")[1:4] == ("refused", "checking", "FIRST")
    await site.run(500)
    before = site.ocpp.authorization.card.value
    for _ in range(2):  # the same twice is two results: a buzzer sounds for each
        assert await reader.present("SECOND") == [("refused", "waiting", "FIRST")]
        assert site.ocpp.authorization.card.value != before
        before = site.ocpp.authorization.card.value
    site.plug_in()
    await site.run(1000)
    assert await reader.present("SECOND") == [("refused", "other_tag", "")], "the start has no parentIdTag"
    site.ocpp.present("FIRST")
    site.unplug()
    await site.run(500)
    assert await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert await reader.present("THIRD") == [("refused", "out_of_service", "")]
    assert site.ocpp.words(site.ocpp.authorization.card.value) == "refused: the connector is out of service"
    await site.central.call("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    site.charger.error.set("HighTemperature")
    await site.run(500)
    assert await reader.present("THIRD") == [("refused", "faulted", "HighTemperature")]


async def test_a_card_of_the_same_group_ends_and_one_of_another_is_refused_later(tmp):
    site = await booted(tmp)
    reader = Reader(site)
    parents = {"A": "FAMILY", "B": "family", "C": "OTHERS"}
    site.central.answers["Authorize"] = lambda p: {
        "idTagInfo": {"status": "Accepted", "parentIdTag": parents[p["idTag"]]}
    }
    site.plug_in()
    await reader.present("A", 1000)
    assert await reader.present("C") == [("checking", "", ""), ("refused", "other_tag", "")]
    assert await reader.present("B") == [("checking", "", ""), ("ended", "", "")]


async def test_what_waits_for_the_plug_is_given_up_with_the_reason(tmp):
    site = await booted(tmp)
    reader = Reader(site)
    site.ocpp.set("ConnectionTimeOut", "10")
    assert await reader.present("TAG", 11000) == [
        ("checking", "", ""), ("accepted", "", ""), ("given_up", "timeout", ""),
    ]  # fmt: skip
    await reader.present("TAG", 1000)
    reader.told = []
    site.gate.emergency_stop.set(True)
    await site.run(500)
    assert reader.told == [("given_up", "emergency_stop", "", "TAG", 1)]


async def test_offline_a_refusal_is_reported_at_once(tmp):
    """It was shown as "being checked" though nobody checked it any more."""
    site = await booted(tmp)
    reader = Reader(site)
    await site.disconnect()
    assert await reader.present("TAG") == [("refused", "unauthorized", "Invalid")]
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.plug_in()
    await site.run(1000)
    assert await reader.present("TAG") == [("accepted", "", ""), ("started", "", "")]


async def test_a_front_end_that_fails_keeps_no_transaction_from_starting(tmp):
    site = await booted(tmp)
    reader = Reader(site)

    def fails(result):
        raise ValueError("no such LED")

    site.ocpp.authorization.card.watch(fails)
    site.plug_in()
    await site.run(500)
    assert len(await reader.present("TAG", 1000)) == 3
    assert site.gate.enabled.value and site.lines("a watcher of idTag results has failed: ValueError")


async def test_without_memory_nothing_false_is_reported(tmp):
    """The result before it would be taken for that of this card."""
    site = await booted(tmp)
    authorization = site.ocpp.authorization
    await Reader(site).present("FIRST")
    first = authorization.card.value
    assert first[1:] == ("accepted", "", "", "FIRST", 1)
    micropython.heap_lock()
    result = authorization.tell("refused", "SECOND", ("reserved", ""), 1)
    micropython.heap_unlock()
    assert result is None and authorization.card.value is None and site.ocpp.words(result) == ""
    assert authorization.tell("refused", "THIRD", ("reserved", ""), 1)[4] == "THIRD"
