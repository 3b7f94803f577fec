"""Cards, plugs, remote starts and stops, faults and power cuts at two outlets in any order, and what holds whatever
comes: each transaction has one StartTransaction and one StopTransaction of its connector, and no energy is billed to
another one.
"""

import os
import random

from ocpp_site import Central
from two_outlet_site import made_of

TIMEOUT_S = 600
TAGS = ("ANNA", "BERT", "CARL", "DORA")
PARENTS = {"ANNA": "FLEET", "BERT": "FLEET"}


def authorized(payload):
    info = {"status": "Accepted"}
    if payload["idTag"] in PARENTS:
        info["parentIdTag"] = PARENTS[payload["idTag"]]
    return {"idTagInfo": info}


class Station:
    """A site that is cut and comes back, and what has been metered of each transaction at its outlet."""

    def __init__(self, home, seed):
        self.home = home
        self.random = random
        random.seed(seed)
        self.central = Central()
        self.central.answers["Authorize"] = authorized
        self.metered = {}  # our number of a transaction: [connector, idTag, register at its begin, at its end]
        self.site = None

    async def begin(self):
        self.site = site = made_of(self.home, profiles=(("components.station.reservation:Reservation", {}),))
        site.ocpp.watch_transactions(None, self.begun, self.ended)
        await site.power_on()
        await site.connect(self.central)
        site.ocpp.set("MeterValueSampleInterval", "7")

    def register(self, outlet):
        bay = self.site.bays[outlet.id - 1]
        return bay.energy.changes()[0]

    def begun(self, transaction):
        outlet = transaction.outlet
        assert transaction.number not in self.metered, "begun twice"
        for number, (connector, _, _, end) in self.metered.items():
            assert end is not None or connector != outlet.id, ("two at once", number, transaction.number)
        self.metered[transaction.number] = [outlet.id, transaction.id_tag, self.register(outlet), None]

    def ended(self, transaction, wh):
        entry = self.metered[transaction.number]
        assert entry[3] is None and entry[0] == transaction.outlet.id
        entry[3] = self.register(transaction.outlet)

    async def act(self):
        site, choose = self.site, self.random.choice
        bay = choose(site.bays)
        what = self.random.randint(0, 11)
        if what <= 1:
            bay.plug_in()
        elif what == 2:
            bay.unplug()
        elif what <= 5:
            site.ocpp.present_tag(choose(TAGS))
        elif what == 6:
            await self.ask("RemoteStartTransaction", {"idTag": choose(TAGS)})
        elif what == 7:
            await self.ask("RemoteStartTransaction", {"idTag": choose(TAGS), "connectorId": bay.number})
        elif what == 8:
            await self.ask("RemoteStopTransaction", {"transactionId": self.random.randint(1, 30)})
        elif what == 9:
            bay.charger.error.set(choose(("", "OverVoltage", "")))
        elif what == 10:
            bay.gate.bms_permits.set(choose((True, False)))
        else:
            await self.rare()
        await site.run(self.random.randint(0, 9000))
        self.check()

    async def rare(self):
        what = self.random.randint(0, 3)
        if what == 0:
            await self.cut()
        elif what == 1:
            await self.site.disconnect()
            await self.site.run(self.random.randint(0, 20000))
            await self.site.connect(self.central)
        elif what == 2:
            self.site.kernel.emergency_stop.set(True)
            self.site.kernel.emergency_stop.set(False)
        else:
            kind = self.random.choice(("Operative", "Operative", "Inoperative"))
            await self.ask("ChangeAvailability", {"connectorId": self.random.randint(0, 2), "type": kind})

    async def ask(self, action, payload):
        answer = await self.site.central.call(action, payload)
        assert answer is None or isinstance(answer, dict), (action, payload, answer)

    async def cut(self):
        """The power fails: what was delivered since the register was journaled last is lost with it."""
        self.central.start_ms = self.central.utc_ms()
        await self.site.power_off()
        await self.begin()

    def check(self):
        """No outlet charges without a transaction of its own; none has two."""
        for bay, outlet in zip(self.site.bays, self.site.ocpp.outlets):
            current = outlet.transactions.current
            assert not bay.gate.enabled.value or (current is not None and self.metered[current.number][0] == outlet.id)
            key = "ocpp/tx" if outlet.id == 1 else "ocpp/tx/2"
            record = self.site.store.get(key)
            runs = current or outlet.transactions.closing.transaction
            assert (record and record[0]) == (runs and runs.number), (record, runs)

    async def finish(self):
        site = self.site
        for bay in site.bays:
            bay.charger.error.set("")
            bay.unplug()
        await site.run(70000)  # also what waits for a plug is given up
        assert len(site.ocpp.journal) == 0
        for outlet in site.ocpp.outlets:
            assert not outlet.transactions.runs()
        assert site.store.keys("ocpp/tx") == [] and site.store.keys("ocpp/id/") == []
        assert len(site.store.queue("ocpp/data")) == len(site.store.queue("ocpp/data/2")) == 0
        self.check_books()
        await site.power_off()

    def check_books(self):
        """In the order of delivery: each start, its values and its stop, of its connector and of what was metered."""
        expected = [self.metered[number] for number in sorted(self.metered)]
        open_ones, seen, count = {}, set(), 0
        for message, action, payload in self.central.calls:
            if message in seen or action not in ("StartTransaction", "MeterValues", "StopTransaction"):
                continue
            seen.add(message)
            if action == "StartTransaction":
                connector, tag, begin, _ = expected[count]
                count += 1
                assert (payload["connectorId"], payload["idTag"]) == (connector, tag)
                assert 0 <= 1000 * payload["meterStart"] - begin < 1000, (payload, begin)
                assert connector not in [one[0] for one in open_ones.values()], "two open at one connector"
                open_ones[count] = expected[count - 1]
            elif action == "StopTransaction":
                connector, _, _, end = open_ones.pop(payload["transactionId"])
                assert 0 <= 1000 * payload["meterStop"] - end < 1000, (payload, end)
                values = [float(value["sampledValue"][0]["value"]) for value in payload.get("transactionData", ())]
                assert values == sorted(values) and (not values or values[-1] <= payload["meterStop"] + 0.001)
            elif "transactionId" in payload:
                assert open_ones[payload["transactionId"]][0] == payload["connectorId"], payload
        assert not open_ones and count == len(expected)


async def lives(kind, tmp, seeds, count):
    """For each seed a station at which 60 things happen, in an order that follows from it; the sum of its `count`."""
    counted = 0
    for seed in range(seeds):
        home = "%s/%d" % (tmp, seed)
        os.mkdir(home)
        station = kind(home, seed)
        await station.begin()
        try:
            for _ in range(60):
                await station.act()
            await station.finish()
        except (AssertionError, KeyError) as e:
            print("seed", seed)
            print("\n".join(tuple(station.site.tail.lines)[-40:]))
            raise e
        counted += count(station)
    return counted


async def test_any_order_bills_each_transaction_once_at_its_connector(tmp):
    begun = await lives(Station, tmp, 12, lambda station: len(station.metered))
    assert begun > 40, begun
