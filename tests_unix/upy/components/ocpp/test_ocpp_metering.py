"""MeterValues, sampled and clock-aligned, and the vendor's DataTransfers."""

import json

from ocpp_site import Central, booted, charge


async def test_meter_values_of_a_transaction(tmp):
    site = await booted(tmp)
    site.charger.terminal_voltage_mv.set(76200)
    site.bms.soc_permille.set(834)
    site.charger.temperature_mdeg.set(-1500)
    site.ocpp.set("MeterValuesSampledData", "Energy.Active.Import.Register,Voltage,SoC,Temperature,Current.Import")
    site.ocpp.set("MeterValueSampleInterval", "10")
    await charge(site)
    await site.run(25000)
    values = site.central.of("MeterValues")
    assert len(values) == 2 and values[0]["transactionId"] == 1 and values[0]["connectorId"] == 1
    sampled = {v["measurand"]: (v["value"], v["unit"]) for v in values[0]["meterValue"][0]["sampledValue"]}
    assert sampled.pop("Energy.Active.Import.Register")[1] == "Wh"
    assert sampled == {"Voltage": ("76.200", "V"), "SoC": ("83.400", "Percent"), "Temperature": ("-1.500", "Celsius")}
    site.ocpp.set("MeterValuesSampledData", "Current.Import")  # not known: nothing is sent, never an empty list
    await site.run(25000)
    assert len(site.central.of("MeterValues")) == 2


async def test_clock_aligned_meter_values(tmp):
    site = await booted(tmp, Central(1800014390000))  # 12:00 less 10 s
    site.ocpp.set("ClockAlignedDataInterval", "900")
    site.ocpp.set("StopTxnAlignedData", "Energy.Active.Import.Register")
    await site.run(901000)
    aligned = site.central.of("MeterValues")
    assert len(aligned) == 1 and "transactionId" not in aligned[0]
    assert aligned[0]["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
    assert aligned[0]["meterValue"][0]["timestamp"][11:19] in ("12:00:00", "12:15:00")
    site.ocpp.set("MeterValueSampleInterval", "0")
    await charge(site)
    await site.run(1800000)
    aligned = site.central.of("MeterValues")[1:]
    assert {p["transactionId"] for p in aligned} == {1}
    assert [p["meterValue"][0]["timestamp"][14:19] for p in aligned] == ["15:00", "30:00"]
    site.unplug()
    await site.run(500)
    contexts = [v["sampledValue"][0]["context"] for v in site.central.of("StopTransaction")[0]["transactionData"]]
    assert contexts == ["Transaction.Begin", "Sample.Clock", "Sample.Clock", "Transaction.End"]


async def test_vendor_messages(tmp):
    site = await booted(tmp, vendor_id="RivotMotors")
    site.charger.terminal_voltage_mv.set(76205)
    site.bms.soc_permille.set(991)
    site.bms.model.set('A "Max"')
    site.plug_in()
    await site.run(14000)

    def sent(name):
        return [json.loads(p["data"]) for p in site.central.of("DataTransfer") if p["messageId"] == name]

    assert sent("VehicleInfo") == [{"soc": 99.1, "model": 'A "Max"', "voltage": 76.205}] * 3
    site.ocpp.present_tag("TAG")
    await site.run(121000)
    assert len(sent("VehicleInfo")) == 3
    site.bms.permitted.set(True)
    site.bms.permitted.set(False)
    site.bms.permitted.set(None)
    site.unplug()
    await site.run(1000)
    assert [alert["alertType"] for alert in sent("BMSAlert")] == ["ChargingPermitted", "ChargingStopped", "BMSSilent"]
    summary = sent("SessionSummary")[0]
    assert summary["finalSoc"] == 99.1 and summary["durationMinutes"] == 2 and 330 <= summary["energyDelivered"] <= 340
    actions = site.central.actions()
    assert actions.index("StopTransaction") < len(actions) - 1


async def test_a_sample_that_is_requested_after_a_stop_belongs_to_no_transaction(tmp):
    """Also while the journal refuses the stop: its time would be after that of the StopTransaction."""
    site = await booted(tmp, profiles=(("components.ocpp.v16.triggers:RemoteTrigger", {}),))
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(2000)
    commit = site.store.commit

    def refuse_the_end(changes=None, **more):
        if changes and "ocpp/tx" in changes:
            raise site.store.Error("full")
        commit(changes, **more)

    site.store.commit = refuse_the_end
    site.ocpp.present_tag("TAG")
    assert site.ocpp.transaction.reason == "Local"
    assert await site.central.call("TriggerMessage", {"requestedMessage": "MeterValues"}) == {"status": "Accepted"}
    await site.run(1000)
    (values,) = site.central.of("MeterValues")
    assert "transactionId" not in values
    site.store.commit = commit
    await site.run(6000)
    assert len(site.central.of("StopTransaction")) == 1
    await site.power_off()
