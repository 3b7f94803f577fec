"""A board that had more outlets when the power failed: the transactions of those that are gone are ended and billed."""

from ocpp_site import Central, Site
from test_ocpp_two_random import Station, lives
from two_outlet_site import bills, charge_both, made


async def gone(tmp, central):
    """Two outlets charge, and the power fails: (what each delivered in Wh, the site of the board with one)."""
    site = await made(tmp, central)
    await charge_both(site)
    site.ocpp.set("StopTxnSampledData", "Energy.Active.Import.Register")
    await site.run(60000)
    delivered = [bay.energy.read() / 1000 for bay in site.bays]
    await site.disconnect()
    await site.power_off()
    central.start_ms += 200000
    return delivered, Site(tmp)


async def test_the_transaction_of_an_outlet_that_is_gone_is_ended_with_what_it_delivered(tmp):
    """Fails where only the outlets that are there are looked at: nobody would pay for it."""
    central = Central()
    delivered, site = await gone(tmp, central)
    await site.power_on()
    assert [line for line in site.lines("connector 2, which this board has not, ends: PowerLoss") if line[0] == "E"]
    site.plug_in()
    await site.connect(central)
    await site.run(2000)
    assert site.gate.enabled.value  # that of outlet 1 goes on
    site.ocpp.present_tag("ONE")
    await site.run(3000)
    found = bills(central)
    assert found[2][:2] == (2, "TWO") and 0 <= found[2][2] - delivered[1] < 1, (found, delivered)
    assert found[1][:2] == (1, "ONE") and found[1][2] >= delivered[0]
    assert central.of("StopTransaction")[0]["reason"] == "PowerLoss"
    assert site.store.keys("ocpp/tx") == [] and len(site.store.queue("ocpp/data/2")) == 0
    await site.power_off()
    site = Site(tmp, outlets=2)  # and back: nothing is told again, the register goes on
    central.start_ms += 200000
    await site.power_on()
    await site.connect(central)
    await site.run(3000)
    assert len(central.of("StopTransaction")) == 2 and site.ocpp.outlets[1].transactions.current is None
    await site.power_off()


async def test_a_journal_that_refuses_keeps_it_for_the_next_start(tmp):
    central = Central()
    _, site = await gone(tmp, central)
    commit = site.store.commit

    def refuse(changes=None, push=(), pop=(), drop=()):
        if push:
            raise site.store.Full("no room")
        commit(changes, push, pop, drop)

    site.store.commit = refuse
    await site.power_on()
    assert site.lines("the transaction of connector 2 cannot be ended: no room")
    assert site.store.keys("ocpp/tx") == ["ocpp/tx", "ocpp/tx/2"]
    site.store.commit = commit
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    assert site.store.keys("ocpp/tx") == ["ocpp/tx"]
    await site.power_off()


class Changing(Station):
    """After each power cut the board may have another number of outlets."""

    gone = 0  # transactions of outlet 2 that ended for it was not there any more

    async def begin(self):
        outlets = self.random.randint(1, 2)
        self.site = site = Site(
            self.home, outlets=outlets, profiles=(("components.station.reservation:Reservation", {}),)
        )
        site.ocpp.watch_transactions(None, self.begun, self.ended)
        await site.power_on()
        for entry in self.metered.values() if outlets == 1 else ():
            if entry[0] == 2 and entry[3] is None:
                entry[3] = site.store.get("2/register", 0)
                self.gone += 1
        await site.connect(self.central)
        site.ocpp.set("MeterValueSampleInterval", "7")

    async def act(self):
        if not self.random.randint(0, 5):
            await self.cut()
        await super().act()


async def test_outlets_come_and_go_in_any_order_and_each_transaction_is_billed_once(tmp):
    gone = await lives(Changing, tmp, 20, lambda station: station.gone)
    assert gone > 3, gone
