"""Sessions of which nobody hears at first, and the times of what is heard of them."""

from core.isotime import parse_utc

TX = ("StartTransaction", "MeterValues", "StopTransaction")


async def offline_session(site, ms):
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.run(ms)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.unplug()
    await site.run(500)


def all_times(central):
    """Every stamp of the transaction messages as they came."""
    found = []
    for payload in central.of(*TX):
        found.extend([parse_utc(value["timestamp"]) for value in payload.get("meterValue", ())])
        data = [parse_utc(value["timestamp"]) for value in payload.get("transactionData", ())]
        assert data == sorted(data)
        if "timestamp" in payload:
            assert not data or data[-1] <= parse_utc(payload["timestamp"])
            found.append(parse_utc(payload["timestamp"]))
    return found
