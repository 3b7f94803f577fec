"""A charger whose journal lost a record over a power cut: what people and the central system hear of it."""

import pytest
from charging_site import Site, eventually
from test_keeps import spans


@pytest.mark.asyncio
async def test_a_lost_transaction_is_reported_and_nothing_charges_until_s_is_typed(tmp_path):
    journal = tmp_path / "state" / "journal"
    async with Site(tmp_path) as site:
        await site.boot()
        await site.configure(MeterValueSampleInterval=1)
        await site.start_session()
        await site.current_flows()
        since = site.mark()
        for _ in range(2):  # records behind the one that is lost
            await site.received("MeterValues", since)
            since = site.mark()
        await site.firmware.kill()
        data = bytearray(journal.read_bytes())
        at, end = [span for span in spans(data) if b'"ocpp/tx": [' in data[slice(*span)]][-1]
        data[at:end] = bytes(end - at)
        journal.write_bytes(data)
        since = site.mark()
        await site.firmware.start()
        await site.booted(since)
        told = await site.received("StatusNotification", since, connectorId=1, status="Faulted")
        assert told.payload["errorCode"] == "InternalError" and "in doubt" in told.payload["info"]
        event = await site.received("SecurityEventNotification", since, type="JournalDamaged")
        assert "the running transaction" in event.payload["techInfo"]
        await site.answer("status", "in doubt, until s releases it: .*the running transaction")
        await site.condition("journal", "BLOCKS")
        assert not site.module.enabled
        assert (tmp_path / "state" / "journal.bad").read_bytes() == data
        since = site.mark()
        await site.type("s")
        await site.condition("journal", "ok")
        heard = lambda: [  # noqa: E731
            call for call in site.central.calls("StatusNotification", since)
            if call.payload["connectorId"] == 1 and call.payload["status"] != "Faulted"
        ]  # fmt: skip
        await eventually(heard, "another state than Faulted")
        site.check_calm()
