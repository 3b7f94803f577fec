"""What the version before outlets wrote (persistence/former_journals) is outlet 1's, on a board with one outlet or two.

And a journal that this firmware does not know charges nobody.
"""

import os

from ocpp_site import Central, Site

from components.persistence.records import Records

_FORMER = __file__.rpartition("/")[0] + "/../persistence/former_journals/running/state/journal"
_WRITTEN_MS = 1795939861146  # the last stamp in it


def former(home):
    """A home with that journal."""
    os.mkdir(home + "/state")
    with open(_FORMER, "rb") as source, open(home + "/state/journal", "wb") as copy:
        copy.write(source.read())


async def started(home, outlets):
    central = Central(_WRITTEN_MS + 60000)
    central._transactions = 2  # it has given that many ids
    site = Site(home, outlets=outlets)
    site.clock.earliest_ms = 0  # of this firmware: it was written before
    await site.power_on()
    return site, central


async def test_its_transaction_and_its_messages_are_of_outlet_1(tmp):
    for outlets in (1, 2):
        home = "%s/%d" % (tmp, outlets)
        os.mkdir(home)
        former(home)
        site, central = await started(home, outlets)
        first = site.ocpp.outlets[0].transactions
        assert first.current.number == 10000031 and first.current.id_tag == "CARD-1" and first.current.id is None
        assert site.meter.energy_mwh.value == 8688
        assert all(outlet.transactions.current is None for outlet in site.ocpp.outlets[1:])
        site.plug_in()
        await site.connect(central)
        await site.run(3000)
        assert site.gate.enabled.value
        site.ocpp.present_tag("CARD-1")
        await site.run(3000)
        told = [call[1:] for call in central.calls if call[1] in ("StartTransaction", "MeterValues", "StopTransaction")]
        assert [action[:2] for action, _ in told] == ["Me", "Me", "St", "St", "Me", "Me", "Me", "St"]
        assert all(payload.get("connectorId", 1) == 1 for _, payload in told)
        assert [payload.get("transactionId") for _, payload in told] == [2, 2, 2, None, 3, 3, 3, 3]
        ended, begun, last = told[2][1], told[3][1], told[7][1]
        assert ended["meterStop"] == 7 and ended["reason"] == "Local" and ended["idTag"] == "CARD-2"
        assert len(ended["transactionData"]) == 5 and begun["meterStart"] == 7 and begun["idTag"] == "CARD-1"
        assert last["reason"] == "Local" and 0 <= 1000 * last["meterStop"] - site.meter.energy_mwh.value < 1000
        assert [len(value["sampledValue"]) for value in last["transactionData"]] == [1] * 5
        assert len(site.ocpp.journal) == 0 and site.store.keys("ocpp/tx") == []
        site.check_keeps = lambda: None  # lock and security log are of the board that wrote it
        await site.power_off()


async def test_a_journal_of_an_unknown_version_charges_nothing(tmp):
    """One clear message; the file stays as it is for the firmware that knows it."""
    os.mkdir(tmp + "/state")
    records = Records(tmp + "/state/journal")
    records.create()
    records.write(b'{"v": 9, "c": [0, 0, 0, 0, 0], "k": 1}')
    records.write(b'{"s": {"ocpp/tx": [1, "TAG", null, 0, 1800014400000, null]}}')
    records.flush()
    records.close()
    with open(tmp + "/state/journal", "rb") as file:
        before = file.read()
    site = Site(tmp, outlets=2)
    await site.power_on()
    central = Central()
    await site.connect(central)
    for bay in site.bays:
        bay.plug_in()
    await site.run(500)
    site.ocpp.present_tag("TAG")
    await site.central.call("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 2})
    await site.run(20000)
    assert not any(bay.gate.enabled.value for bay in site.bays)
    assert [line for line in site.lines("this firmware reads formats 1 and 2") if line[0] == "E"]
    for connector in (0, 1, 2):
        told = [p for p in central.of("StatusNotification") if p["connectorId"] == connector]
        assert told[-1]["status"] == "Faulted" and told[-1]["errorCode"] == "InternalError", told
    assert central.of("StartTransaction") == []
    with open(tmp + "/state/journal", "rb") as file:
        assert file.read() == before
