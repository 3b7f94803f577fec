"""A transaction's life, step by step, for tests in which one step fails."""

import asyncio
import os

from ocpp_site import Central, Site

from components.station.optional import Absent

TX = ("StartTransaction", "MeterValues", "StopTransaction")


class Life:
    """One site and its central system; `to` brings it to just before a step, `do` does that step in one call.

    `number`: the outlet, of a site with so many.
    """

    def __init__(self, home, number=1):
        self.number = number
        if home[:6] != "/sweep":
            os.mkdir(home)
        self.home = home
        self.central = Central()

    def remove(self):
        for name in os.listdir(self.home + "/state"):
            os.remove(self.home + "/state/" + name)
        os.rmdir(self.home + "/state")
        os.rmdir(self.home)

    async def begin(self):
        """Power on."""
        self.site = Site(self.home, vendor_id="", outlets=self.number)
        self.bay = self.site.bays[self.number - 1]
        self.outlet = self.site.station.outlet(self.number)
        await self.site.power_on()
        self.site._tasks.insert(0, asyncio.create_task(self.site.store.run()))  # which tries the medium again
        await self.site.connect(self.central)
        if self.outlet.transactions.current is None:
            self.site.ocpp.set("MeterValueSampleInterval", "3600")
        return self

    async def to(self, step):
        """Everything before `step`."""
        site = self.site
        transactions = self.outlet.transactions
        self.central.answers = {"StartTransaction": None, "StopTransaction": None, "MeterValues": None}
        self.bay.plug_in()
        await site.run(500)
        if step == "authorize":
            self.central.answers["Authorize"] = None
            site.ocpp.present_tag("TAG")
            await site.run(500)
            return
        transactions.lock = Locked()
        site.ocpp.present_tag("TAG")
        await site.run(500)
        assert transactions.expects_plug() and transactions.current is None
        if step == "start":
            return
        transactions.lock.is_locked = True
        await site.run(1500)
        assert self.bay.gate.enabled.value
        if step in ("sample", "answer to start"):
            return
        await self.answer("StartTransaction")
        self.bay.module_stops = step != "stop while current flows" and step != "end"
        if step == "end":
            site.ocpp.present_tag("TAG")
            await site.run(500)
            self.bay.charger.flowing.set(False)
            transactions.step = lambda: None  # the test does it
            assert transactions.closing.transaction is not None
        if step == "answer to stop":
            site.ocpp.present_tag("TAG")
            await site.run(500)

    def message_id(self, action):
        return [message for message, name, _ in self.central.calls if name == action][-1]

    async def answer(self, action):
        del self.central.answers[action]
        answer = getattr(self.central, "_" + action, lambda payload: {})({})
        await self.central.give([3, self.message_id(action), answer])
        await self.site.run(300)

    def prepared(self, step):
        """The step as a function without arguments; all that only the test needs is there before."""
        ocpp = self.site.ocpp
        transactions = self.outlet.transactions
        if step == "authorize":
            call, answer = ocpp.rpc._call, {"idTagInfo": {"status": "Accepted"}}
            assert call.action == "Authorize"
            return lambda: call.done(answer, None)
        if step == "start":
            transactions.lock.is_locked = True
            return transactions.step
        if step == "sample":
            number = transactions.current.number
            return lambda: self.outlet.metering._take(number, "MeterValuesSampledData", "StopTxnSampledData", 0)
        if step in ("answer to start", "answer to stop"):
            action = "StartTransaction" if "start" in step else "StopTransaction"
            call = ocpp.rpc._call
            assert call.action == action
            answer = {"idTagInfo": {"status": "Accepted", "parentIdTag": "P"}}
            if action == "StartTransaction":
                answer["transactionId"] = 1
            return lambda: call.done(answer, None)
        if step == "end":
            return transactions.closing.step
        if step == "suspend":
            return self.suspend
        return lambda: transactions.stop("Local", "TAG")

    def suspend(self):
        """The vehicle does not permit: as the BMS component tells it, and as the next step finds it."""
        self.bay.gate.bms_permits.set(False)
        self.outlet.transactions.step()
        self.outlet.connector.step()

    def agrees(self):
        """RAM says what the medium says; what is read from the medium is what a restart would find."""
        site, store = self.site, self.site.store
        transactions, delivery, key = self.outlet.transactions, site.ocpp.delivery, self.outlet.key
        record = store.get(key("ocpp/tx"))
        runs = transactions.current or transactions.closing.transaction
        assert (record is None) == (runs is None), (record, runs)
        if runs is not None:
            assert record[:6] == runs.record()[:6], (record, runs.record())
            assert (len(record) > 6) == (transactions.closing.transaction is not None), record
            assert runs.id == store.get("ocpp/id/%d" % runs.number)
            own = [entry for entry in store.queue(key("ocpp/data")).entries() if entry[0] == runs.number]
            assert self.outlet.data.own(runs.number) == len(own)
        assert not self.bay.gate.transaction.value or (record is not None and len(record) == 6)
        assert not delivery._head or delivery._head == store.queue("ocpp").peek()
        register = store.get("register" if self.number == 1 else "%d/register" % self.number, 0)
        assert self.bay.energy._saved_mwh <= register <= self.bay.charger.energy_mwh.value
        assert self.outlet.register._told_mwh == 1000 * store.get(key("ocpp/told"), 0)
        cached = [key[len("ocpp/a/") :] for key in store.keys("ocpp/a/")]
        assert all(tag in cached for tag in site.ocpp.authorization._tags), "one that is out of date may be left out"

    def troubles(self):
        """How much went wrong that was caught where it happened."""
        ocpp = self.site.ocpp
        return self.site.tail.lost + ocpp.journal.thinned + self.outlet.metering.dropped

    async def goes_on(self):
        """To the end, and to a right bill."""
        site, central = self.site, self.central
        if "step" in self.outlet.transactions.__dict__:
            del self.outlet.transactions.step
        self.bay.module_stops = True
        self.bay.gate.bms_permits.set(True)
        central.answers.clear()
        for action in TX + ("Authorize",):
            if action in central.actions() and action not in self.answered():
                central._answered.pop(self.message_id(action), None)
        transactions = self.outlet.transactions
        if hasattr(transactions.lock, "is_locked"):
            transactions.lock.is_locked = True
        await site.disconnect()
        await site.connect(central)
        await site.run(7000)
        if not central.of("StartTransaction"):
            if transactions.current is None and not transactions.expects_plug():
                site.ocpp.present_tag("TAG")  # the driver tries again
            await site.run(2000)
        if transactions.current is not None and not transactions.current.reason:
            await site.run(2000)
            site.ocpp.present_tag("TAG")
        self.bay.charger.flowing.set(False)
        await site.run(15000)
        assert transactions.current is None and transactions.closing.transaction is None
        self.agrees()
        self.check_bill()
        assert len(site.ocpp.journal) == 0 and len(site.store.queue(self.outlet.key("ocpp/data"))) == 0
        assert site.store.keys("ocpp/id/") == [] and not self.bay.gate.transaction.value

    def answered(self):
        return [action for message, action, _ in self.central.calls if message in self.central._answered]

    def check_bill(self):
        calls = {}
        for message, action, payload in self.central.calls:
            if action in TX:
                assert calls.setdefault(message, (action, payload)) == (action, payload), "repeated, and not the same"
        starts = [payload for action, payload in calls.values() if action == "StartTransaction"]
        stops = [payload for action, payload in calls.values() if action == "StopTransaction"]
        assert len(starts) == 1 and len(stops) == 1, calls
        values = [float(value["sampledValue"][0]["value"]) for value in stops[0].get("transactionData", ())]
        values = [starts[0]["meterStart"]] + values + [stops[0]["meterStop"]]
        assert values == sorted(values), values
        assert starts[0]["connectorId"] == self.number
        assert stops[0]["transactionId"] == 1 and stops[0]["reason"] in ("Local", "PowerLoss")
        mwh = self.bay.charger.energy_mwh.value
        assert 0 <= 1000 * stops[0]["meterStop"] - mwh < 1000, (stops[0], mwh)


class Locked(Absent):
    """A connector lock that the test holds back."""

    is_locked = False

    def secure(self):
        return self.is_locked
