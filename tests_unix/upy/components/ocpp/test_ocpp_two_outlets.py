"""OCPP 1.6 with two outlets: each has its own transactions, states, values and bill; 0 and n in the messages."""

import os

from ocpp_site import Site
from two_outlet_site import bills, charge_both, made, present, running, started, told

from components.station.assembly import check_ids
from core.parts import DeclarationError


async def test_a_session_on_each_at_once_with_the_right_bills(tmp):
    """The literal connectorId 1 billed everybody to connector 1."""
    site = await made(tmp)
    assert site.ocpp.get("NumberOfConnectors") == [("NumberOfConnectors", "2", True)]
    await charge_both(site)
    await site.run(360000)
    await present(site, "ONE")
    assert running(site) == (None, "TWO") and [bay.gate.enabled.value for bay in site.bays] == [False, True]
    await site.run(360000)
    await present(site, "TWO")
    assert site.lines("transaction 1 of connector 1 ends") and site.lines("transaction 2 of connector 2 ends")
    for bay in site.bays:
        bay.unplug()
    await site.run(500)
    assert started(site) == [(1, "ONE"), (2, "TWO")]
    charged = bills(site.central)
    assert sorted([entry[:2] for entry in charged.values()]) == [(1, "ONE"), (2, "TWO")]
    for number, seconds in ((1, 361.5), (2, 721)):
        bay, wh = site.bays[number - 1], charged[number][2]
        assert 0 <= 1000 * wh - bay.meter.energy_mwh.value < 1000, (number, wh, bay.meter.energy_mwh.value)
        assert abs(wh - 10000 * seconds / 3600) < 5, (number, wh)
    for connector in (1, 2):
        assert told(site, connector) == ["Available", "Preparing", "Charging", "Finishing", "Available"]
    assert told(site, 0) == ["Available"]
    values = site.central.of("MeterValues")
    assert {(p["connectorId"], p["transactionId"]) for p in values} == {(1, 1), (2, 2)}


async def test_a_power_cut_in_both_sessions(tmp):
    """Records of outlet 2 that were read as outlet 1's would end the wrong one and bill nobody."""
    site = await made(tmp)
    await charge_both(site)
    await site.run(100000)
    central = site.central
    central.answers["StopTransaction"] = central.answers["MeterValues"] = None
    await site.run(61000)
    await site.power_off()
    central.answers.clear()
    site = await made(tmp, central)
    assert running(site) == ("ONE", "TWO") and not site.bays[1].gate.enabled.value
    site.bays[1].plug_in()  # the vehicle at outlet 1 is gone
    await site.run(20000)
    assert running(site) == (None, "TWO") and site.bays[1].gate.enabled.value
    assert [p["reason"] for p in central.of("StopTransaction")] == ["PowerLoss"]
    await present(site, "TWO")
    charged = bills(central)
    assert sorted([entry[:2] for entry in charged.values()]) == [(1, "ONE"), (2, "TWO")]
    for number in (1, 2):
        mwh = site.bays[number - 1].meter.energy_mwh.value
        assert 0 <= 1000 * charged[number][2] - mwh < 1000, (charged, mwh)
    assert site.store.keys("ocpp/tx") == [] and site.store.keys("ocpp/id/") == []
    assert len(site.store.queue("ocpp/data")) == len(site.store.queue("ocpp/data/2")) == 0


async def test_messages_go_out_in_the_order_of_what_happened(tmp):
    """3.7: by number over all outlets, though nobody is there for a while; each transactionData is its own."""
    site = await made(tmp)
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    site.ocpp.set("MeterValueSampleInterval", "30")
    central = site.central
    await site.disconnect()
    await charge_both(site)
    await site.run(61000)
    await present(site, "TWO")
    await present(site, "ONE")
    await site.connect(central)
    await site.run(5000)
    log = [
        (action[0], p.get("connectorId", p.get("transactionId")))
        for _, action, p in central.calls
        if action in ("StartTransaction", "MeterValues", "StopTransaction")
    ]
    assert log == [("S", 1), ("S", 2), ("M", 1), ("M", 2), ("M", 1), ("M", 2), ("S", 2), ("S", 1)], log
    for stop in central.of("StopTransaction"):
        data = [float(value["sampledValue"][0]["value"]) for value in stop["transactionData"]]
        assert len(data) == 4 and data == sorted(data) and 1000 * stop["meterStop"] >= data[-1] * 1000 - 1, stop
    assert len(site.ocpp.journal) == 0 and central.repeated == 0


async def test_remote_start_and_stop(tmp):
    site = await made(tmp)
    ask = site.central.call
    site.bays[1].plug_in()
    await site.run(500)
    assert await ask("RemoteStartTransaction", {"idTag": "A"}) == {"status": "Accepted"}  # the one that is plugged in
    assert running(site) == (None, "A")
    assert await ask("RemoteStartTransaction", {"idTag": "B", "connectorId": 2}) == {"status": "Rejected"}
    for connector in (0, 3, -1):
        answer = await ask("RemoteStartTransaction", {"idTag": "B", "connectorId": connector})
        assert answer == {"status": "Rejected"}
    assert await ask("RemoteStartTransaction", {"idTag": "B"}) == {"status": "Accepted"}  # else the free one
    assert told(site, 1)[-1] == "Preparing"
    assert await ask("RemoteStartTransaction", {"idTag": "C"}) == {"status": "Rejected"}
    site.bays[0].plug_in()
    await site.run(500)
    assert running(site) == ("B", "A") and started(site) == [(2, "A"), (1, "B")]
    assert await ask("RemoteStopTransaction", {"transactionId": 3}) == {"status": "Rejected"}
    assert await ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    assert running(site) == ("B", None)
    assert await ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    assert await ask("RemoteStopTransaction", {"transactionId": 2}) == {"status": "Accepted"}
    assert running(site) == (None, None)


async def test_two_remote_starts_are_authorized_one_after_the_other(tmp):
    """The second was Rejected while the first was being checked, though it was for another outlet."""
    site = await made(tmp)
    site.ocpp.set("AuthorizeRemoteTxRequests", "true")
    for bay in site.bays:
        bay.plug_in()
    await site.run(500)
    site.central.answers["Authorize"] = None
    for connector, tag in ((1, "ONE"), (2, "TWO")):
        answer = await site.central.call("RemoteStartTransaction", {"idTag": tag, "connectorId": connector})
        assert answer == {"status": "Accepted"}
    for connector in (1, 2):  # one for each at a time
        answer = await site.central.call("RemoteStartTransaction", {"idTag": "MORE", "connectorId": connector})
        assert answer == {"status": "Rejected"}
    del site.central.answers["Authorize"]
    await site.run(31000)  # the first is decided by the offline rules, the second by the central system
    assert [p["idTag"] for p in site.central.of("Authorize")] == ["ONE", "TWO"] and running(site) == (None, "TWO")


async def test_availability_of_one_and_of_all(tmp):
    site = await made(tmp)
    await charge_both(site)
    ask = site.central.call
    change = lambda connector, kind: ask("ChangeAvailability", {"connectorId": connector, "type": kind})  # noqa: E731
    assert await change(3, "Inoperative") == {"status": "Rejected"}
    assert await change(2, "Inoperative") == {"status": "Scheduled"}
    await present(site, "TWO")
    assert told(site, 2)[-1] == "Unavailable" and told(site, 1)[-1] == "Charging" and told(site, 0) == ["Available"]
    assert await change(0, "Inoperative") == {"status": "Scheduled"}
    assert told(site, 0) == ["Available"]
    await present(site, "ONE")
    assert told(site, 1)[-1] == "Unavailable" and told(site, 0)[-1] == "Unavailable"
    assert (await present(site, "ANY")).startswith("refused")
    await site.power_off()
    site = await made(tmp)
    assert [told(site, connector) for connector in (0, 1, 2)] == [["Unavailable"]] * 3
    change = lambda connector, kind: site.central.call(  # noqa: E731
        "ChangeAvailability", {"connectorId": connector, "type": kind}
    )
    assert await change(0, "Operative") == {"status": "Accepted"}
    assert [told(site, connector)[-1] for connector in (0, 1, 2)] == ["Available"] * 3
    assert await change(1, "Inoperative") == {"status": "Accepted"}
    await site.run(300)
    assert [told(site, connector)[-1] for connector in (0, 1, 2)] == ["Available", "Unavailable", "Available"]


async def test_reset_ends_every_transaction(tmp):
    for kind in ("Soft", "Hard"):
        os.mkdir(tmp + "/" + kind)
        site = await made(tmp + "/" + kind)
        await charge_both(site)
        site.exits.clear()
        assert await site.central.call("Reset", {"type": kind}) == {"status": "Accepted"}
        await site.run(2000)
        assert running(site) == (None, None) and site.exits
        if kind == "Soft":
            assert [p["reason"] for p in site.central.of("StopTransaction")] == ["SoftReset"] * 2
        await site.power_off()


async def test_an_emergency_stop_ends_both_however_short(tmp):
    site = await made(tmp)
    await charge_both(site)
    site.kernel.emergency_stop.set(True)
    assert not any(bay.gate.enabled.value for bay in site.bays)
    site.kernel.emergency_stop.set(False)
    await site.run(1000)
    assert running(site) == (None, None)
    assert [p["reason"] for p in site.central.of("StopTransaction")] == ["EmergencyStop"] * 2


async def test_a_fault_of_one_leaves_the_other(tmp):
    site = await made(tmp)
    await charge_both(site)
    site.bays[1].charger.error.set("OverVoltage")
    await site.run(500)
    assert told(site, 2)[-1] == "Faulted" and told(site, 1)[-1] == "Charging"
    assert site.bays[0].gate.enabled.value and site.central.of("StatusNotification")[-1]["errorCode"] == "OverVoltage"
    await present(site, "TWO")
    assert (await present(site, "MORE")).startswith("refused")


async def test_stamps_never_go_back_while_any_transaction_runs(tmp):
    """The end of one released the other's stamps."""
    site = await made(tmp)
    await charge_both(site)
    await present(site, "ONE")
    site.clock.set_utc_ms(site.clock.utc_ms() - 600000)
    await site.run(500)
    await present(site, "TWO")
    stamps = [p["timestamp"] for p in site.central.of("StartTransaction", "StopTransaction")]
    assert stamps == sorted(stamps), stamps


async def test_queues_of_a_board_that_had_two_outlets_are_delivered_by_one_with_one(tmp):
    site = await made(tmp)
    await charge_both(site)
    site.central.answers["StopTransaction"] = None
    await present(site, "TWO")
    central = site.central
    await site.power_off()
    central.answers.clear()
    site = Site(tmp)
    site.check_keeps = lambda: None  # what only outlet 2 had stays in the journal
    await site.power_on()
    await site.connect(central)
    await site.run(20000)
    assert len(site.ocpp.journal) == 0
    assert {p["transactionId"] for p in central.of("StopTransaction")} == {1, 2}


def test_ids_of_outlets_are_counted_from_one():
    class One:
        def __init__(self, number):
            self.id = number

    for ids in ((), (2,), (2, 1), (1, 1), (1, 3)):
        try:
            check_ids([One(number) for number in ids])
        except DeclarationError as e:
            assert "evse" in str(e)
        else:
            raise AssertionError(ids)
    check_ids([One(1), One(2)])
