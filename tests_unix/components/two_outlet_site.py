"""A site with two outlets: board unix_two, a bus, a vehicle and a power module at each."""

from charging_site import Site, eventually

from tools.central import CALLRESULT

CONTROL = 0x068181FE


def is_stop(frame):
    """The frame that switches the power module off."""
    return frame.can_id == CONTROL and frame.data[1] == 0x32 and frame.data[3] == 1


def is_start(frame):
    """The frame that switches it on."""
    return frame.can_id == CONTROL and frame.data[1] == 0x32 and frame.data[3] == 0


class TwoOutlets(Site):
    """Each outlet's vehicle asks for 100 A; the station's limit leaves room for both unless a test sets another."""

    def __init__(self, home, *, limit_ma=250000, board="unix_two", settings=None, **options):
        settings = {"budget": {"limit_ma": limit_ma}, **(settings or {})}
        super().__init__(home, board=board, settings=settings, **options)

    async def boot(self):
        await super().boot()
        await eventually(lambda: self.statuses(2), "the status of connector 2")

    async def charge(self, number, tag=None):
        """Plug in and start by the central system; returns the StartTransaction once current flows."""
        outlet, since = self.outlets[number - 1], self.mark()
        outlet.vehicle.plug()
        await self.status("Preparing", since, connector=number)
        answer = await self.order("RemoteStartTransaction", idTag=tag or f"TAG-{number}", connectorId=number)
        assert answer.status == "Accepted"
        begun = await self.received("StartTransaction", since, connectorId=number)
        await self.flows(number)
        await self.status("Charging", since, connector=number)
        return begun

    async def flows(self, number):
        module = self.outlets[number - 1].module
        await eventually(lambda: module.current_a > 1, f"current flows at outlet {number}")

    async def end(self, number):
        """The central system ends the transaction of an outlet; returns the StopTransaction."""
        since, running = self.mark(), self.running(number)
        answer = await self.order("RemoteStopTransaction", transactionId=running)
        assert answer.status == "Accepted"
        return await self.received("StopTransaction", since, transactionId=running)

    def transactions(self):
        """{transactionId: [StartTransaction, its StopTransaction or None]}, by the answers of the central system."""
        answers = {m.uid: m.payload for m in self.central.messages if m.direction == "out" and m.kind == CALLRESULT}
        found = {}
        for m in self.central.calls():
            if m.action == "StartTransaction" and m.uid in answers:
                found.setdefault(answers[m.uid]["transactionId"], [m.payload, None])
            elif m.action == "StopTransaction":
                pair = found[m.payload["transactionId"]]
                assert pair[1] in (None, m.payload), "two stops of one"
                pair[1] = m.payload
        return found

    def sessions(self, number):
        """The transactions of an outlet."""
        return {key: pair for key, pair in self.transactions().items() if pair[0]["connectorId"] == number}

    def running(self, number):
        """The transaction that runs at an outlet; None: none does."""
        running = [transaction for transaction, (_, stop) in self.sessions(number).items() if stop is None]
        return running[-1] if running else None

    def billed_wh(self, number):
        """What was billed at an outlet."""
        return sum(stop["meterStop"] - start["meterStart"] for start, stop in self.sessions(number).values())

    def delivered_wh(self):
        """What each power module has delivered."""
        return [outlet.module.delivered_wh for outlet in self.outlets]

    def check_bills(self, unheard_wh):
        """Each outlet's bill is for what it delivered; but for what flowed while nobody heard it, billed in part."""
        billed, delivered = [self.billed_wh(number) for number in (1, 2)], self.delivered_wh()
        for bill, whole, lost in zip(billed, delivered, unheard_wh):
            # the register is told in whole Wh
            assert 0.97 * (whole - lost) - 3 <= bill <= 1.01 * whole + 3, (billed, delivered, unheard_wh)
        assert billed[0] > 1.5 * billed[1] > 2  # so that one bill cannot be the other's

    def undisturbed(self, number, since, mark):
        """At an outlet nothing was stopped and no status told since frame `since` and message `mark`."""
        hub = self.outlets[number - 1].hub
        stops = [frame for frame in hub.log if frame.seq > since and is_stop(frame)]
        assert not stops and self.statuses(number, mark) == [], (stops, self.statuses(number, mark))
        assert self.outlets[number - 1].module.current_a > 1
