"""The station without OCPP: it charges by what it knows, and any dialect can tell its journal."""

from ocpp_site import Site

from components.ocpp import Ocpp


class Dialect:
    """Stands for another protocol: it takes the events as they are."""

    def __init__(self, station, online=True, tag_max=36):
        self.station = station
        self.online, self.woken, self.told = online, 0, []
        station.connect(lambda: self.online, self._wake, lambda: False, lambda: None, tag_max)

    def _wake(self):
        self.woken += 1

    def tell(self):
        """Tell all that is in the journal."""
        journal = self.station.journal
        while len(journal):
            record = journal.oldest()
            self.told.append(record)
            journal.take(record, {})


async def alone(tmp, **options):
    site = Site(tmp, dialect=None, **options)
    await site.power_on()
    return site


async def card(site, ms=1000):
    result = site.station.present("TAG")
    await site.run(ms)
    return result


async def test_without_a_central_system_it_charges_as_it_does_offline(tmp):
    site = await alone(tmp)
    site.plug_in()
    await site.run(500)
    assert (await card(site))[1:4] == ("refused", "unauthorized", "Invalid") and not site.gate.enabled.value
    assert site.station.set("AllowOfflineTxForUnknownId", "true") == "Accepted"
    assert (await card(site, 3000))[1] == "started" and site.gate.enabled.value
    assert site.station.outlets[0].connector.state.value == "Charging"
    assert (await card(site))[1] == "ended" and not site.gate.enabled.value
    kinds = [record[0] for record in site.store.queue("ocpp").entries()]
    assert kinds == ["S", "E"], kinds
    await site.power_off()


async def test_it_goes_on_after_a_power_cut(tmp):
    site = await alone(tmp)
    site.station.set("AllowOfflineTxForUnknownId", "true")
    site.plug_in()
    await card(site, 3000)
    number = site.station.outlets[0].transactions.current.number
    await site.power_off()
    site = await alone(tmp)
    site.plug_in()
    await site.run(3000)
    assert site.station.outlets[0].transactions.current.number == number and site.gate.enabled.value
    await site.power_off()


async def test_another_dialect_is_requested_an_idTag_and_tells_the_journal(tmp):
    site = Site(tmp, dialect=None)
    dialect = Dialect(site.station)
    await site.power_on()
    site.plug_in()
    await site.run(500)
    assert (await card(site))[1] == "checking" and site.station.authorization.asked() == "TAG"
    site.station.authorization.answered(("Accepted", 0, "GROUP"))
    current = site.station.outlets[0].transactions.current
    assert current.parent == "GROUP" and dialect.woken == 1
    changes, then = current.outlet.transactions.confirmed(current.number, "a-name-of-its-own", ("Accepted", 0, None))
    site.store.commit(changes)
    then()
    assert current.id == "a-name-of-its-own"
    await site.run(2000)
    await card(site)
    dialect.tell()
    assert [record[0] for record in dialect.told] == ["S", "E"] and len(site.station.journal) == 0
    start, end = dialect.told
    assert start[1] < end[1] and start[2] == end[2] == current.number and end[4] > start[4]
    await site.power_off()


async def test_it_is_not_asked_while_it_is_away(tmp):
    site = Site(tmp, dialect=None)
    dialect = Dialect(site.station, online=False)
    await site.power_on()
    assert (await card(site))[1:4] == ("refused", "unauthorized", "Invalid")
    dialect.online = True
    site.plug_in()
    assert site.station.present("TAG")[1] == "checking"
    dialect.online = False
    await site.run(500)
    assert site.station.authorization.card.value[1] == "refused" and site.station.authorization.asked() is None
    await site.power_off()


def test_what_the_dialect_needs_of_the_board_is_the_station():
    assert "station" in Ocpp.requires and "store" not in Ocpp.requires and not hasattr(Ocpp, "collects")


async def test_how_long_an_idTag_may_be_is_for_the_dialect_to_say(tmp):
    """20 characters in OCPP 1.6, 36 in 2.0.1; more than it can send nobody takes for an idTag."""
    site = Site(tmp, dialect=None)
    for most in (20, 36):
        Dialect(site.station, tag_max=most)
        assert site.station.present("x" * most)[1] == "checking", most
        site.station.authorization.unanswered()
        result = site.station.present("x" * (most + 1))
        assert result[1] == "no_tag", most
        assert site.station.words(result) == "an idTag has 1 to %d printable ASCII characters" % most


async def test_a_fault_is_told_in_the_words_of_what_has_it(tmp):
    """Which code it is for a central system, or that there is none, is for the dialect to say."""
    site = await alone(tmp)
    connector = site.station.outlets[0].connector
    site.charger.error.set("the fan|is stuck")
    await site.run(500)
    assert connector.notification.value == ("Faulted", "the fan|is stuck", "")
    site.charger.error.set("")
    site.kernel.emergency_stop.set(True)
    await site.run(500)
    assert connector.notification.value == ("Faulted", "emergency stop", "")
    assert site.station.availability.charge_point() == ("Faulted", "emergency stop", "")
    assert site.station.words(site.station.present("TAG")) == "refused: the connector is faulted: emergency stop"
    await site.power_off()
