"""Two outlets and a central system that checks every message of both: npm's ocpp-rpc in strict mode.

Cards at the one reader, a session at each outlet at once, and a power cut in both: each is billed to its connector.
"""

import asyncio
import json

from charging_site import eventually
from schema_cases import schema_of
from schema_reference import errors_of
from two_outlet_site import TwoOutlets

from tools.strict_central import StrictCentral


class StrictTwoOutlets(TwoOutlets):
    """A site with two outlets whose central system is the strict one."""

    def __init__(self, home):
        super().__init__(home)
        self.central = StrictCentral()

    async def card(self, number, tag):
        """Plug in at an outlet and hold a card to the reader; the StartTransaction once current flows."""
        since = self.mark()
        self.outlets[number - 1].vehicle.plug()
        await self.status("Preparing", since, connector=number)
        await self.present(tag)
        begun = await self.received("StartTransaction", since)
        await self.flows(number)
        await self.status("Charging", since, connector=number)
        return begun

    async def card_again(self, number, tag):
        """Hold it to the reader again: the StopTransaction."""
        since = self.mark()
        await self.present(tag)
        ended = await self.received("StopTransaction", since)
        await self.status("Finishing", since, connector=number)
        return ended

    def check_messages(self):
        """Nobody did anything that the other one's schemas refuse."""
        assert self.central.faults == []
        assert self.wrong_messages() == []
        for message in self.central.calls():
            assert not errors_of(schema_of(message.action, False), json.dumps(message.payload)), message.raw
        self.check_calm()


async def test_cards_at_two_outlets_over_a_power_cut(tmp_path):
    async with StrictTwoOutlets(tmp_path) as site:
        site.outlets[1].vehicle.max_a = 40
        await site.boot()
        assert await site.configured("NumberOfConnectors") == "2"
        await site.configure(MeterValueSampleInterval=1)
        begun = [(await site.card(number, f"CARD-{number}")).payload for number in (1, 2)]
        assert [(start["connectorId"], start["idTag"]) for start in begun] == [(1, "CARD-1"), (2, "CARD-2")]
        await eventually(lambda: min(site.delivered_wh()) > 2, "both deliver", 60)
        since, cut = site.mark(), site.delivered_wh()
        await site.firmware.restart()
        for number in (1, 2):
            await site.status("Charging", since, connector=number, timeout=60)
            await site.flows(number)
        unheard = [after - before for before, after in zip(cut, site.delivered_wh())]
        await asyncio.sleep(2)
        ended = [await site.card_again(number, f"CARD-{number}") for number in (2, 1)]
        assert [stop.payload["reason"] for stop in ended] == ["Local", "Local"]
        await eventually(lambda: all(stop for _, stop in site.transactions().values()), "the books are closed")
        books = sorted(site.transactions().values(), key=lambda pair: pair[0]["connectorId"])
        assert [start["connectorId"] for start, _ in books] == [1, 2]
        site.check_bills(unheard)
        values = site.central.calls("MeterValues")
        numbers = {number: start["connectorId"] for number, (start, _) in site.transactions().items()}
        assert {m.payload["connectorId"] for m in values} == {1, 2}
        assert all(numbers[m.payload["transactionId"]] == m.payload["connectorId"] for m in values)
        site.check_messages()


async def test_what_is_requested_for_connector_0_and_2(tmp_path):
    async with StrictTwoOutlets(tmp_path) as site:
        await site.boot()
        since = site.mark()
        ask = site.central.command
        assert await ask("TriggerMessage", {"requestedMessage": "StatusNotification"}) == {"status": "Accepted"}
        for connector in (0, 1, 2):
            await site.received("StatusNotification", since, connectorId=connector)
        trigger = {"requestedMessage": "MeterValues", "connectorId": 2}
        assert await ask("TriggerMessage", trigger) == {"status": "Accepted"}
        await site.received("MeterValues", since, connectorId=2)
        reserve = {"connectorId": 2, "expiryDate": "2099-01-01T00:00:00Z", "idTag": "CARD-9", "reservationId": 5}
        assert await ask("ReserveNow", reserve) == {"status": "Accepted"}
        await site.status("Reserved", since, connector=2)
        assert await ask("RemoteStartTransaction", {"connectorId": 2, "idTag": "OTHER"}) == {"status": "Rejected"}
        assert await ask("CancelReservation", {"reservationId": 5}) == {"status": "Accepted"}
        schedule = await ask("GetCompositeSchedule", {"connectorId": 0, "duration": 60})
        assert schedule["status"] == "Accepted" and schedule["connectorId"] == 0
        mark = site.mark()
        change = {"connectorId": 0, "type": "Inoperative"}
        assert await ask("ChangeAvailability", change) == {"status": "Accepted"}
        for connector in (0, 1, 2):
            await site.status("Unavailable", mark, connector=connector)
        mark = site.mark()
        assert await ask("ChangeAvailability", dict(change, type="Operative")) == {"status": "Accepted"}
        for connector in (0, 1, 2):
            await site.status("Available", mark, connector=connector)
        assert await ask("UnlockConnector", {"connectorId": 2}) == {"status": "NotSupported"}
        site.check_messages()
