"""What a strict central system refuses is never sent: stamps, samples, units, measurands (OCPP 1.6, 3.12, 7.28 ff.)."""

from ocpp_site import Central, Site, session


async def test_times_that_are_none_make_no_wrong_stamps(tmp):
    """Without a usable currentTime our stamps are old, but well-formed; a Heartbeat with a good one mends them."""
    for text in ("", "now", "2027-01-15 noon", "2027-01-15T12:00:00+01:00", "2027-01-15T12:00:00,5"):
        site = Site("%s/%d" % (tmp, len(text)))
        await site.power_on()
        central = Central()
        central.answers["BootNotification"] = {"status": "Accepted", "currentTime": text, "interval": 10}
        await site.connect(central)
        site.ocpp.set("MeterValueSampleInterval", "1")
        await session(site)
        check_strict(central)
        await site.run(21000)
        assert abs(site.clock.utc_ms() - central.utc_ms()) < 1100, text
        await site.power_off()


async def test_what_strict_central_systems_refuse_is_never_sent(tmp):
    """Every measurand, also while nothing is known; before and after the time is; and the refused settings."""
    site = Site(tmp, vendor_id="Ours", serial="S-1")
    await site.power_on()
    central = Central()
    await site.connect(central)
    measurands = (
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC,Temperature,Current.Offered,"
        "Power.Offered"
    )
    keys = ("MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData")
    for key in keys:
        for wrong in ("Frequency", "Voltage,RPM", "Power.Reactive.Import", "Energy.Active.Export.Register", "Love"):
            answer = await central.call("ChangeConfiguration", {"key": key, "value": wrong})
            assert answer == {"status": "Rejected"}, (key, wrong)
        assert await central.call("ChangeConfiguration", {"key": key, "value": measurands}) == {"status": "Accepted"}
    site.ocpp.set("MeterValueSampleInterval", "1")
    site.ocpp.set("ClockAlignedDataInterval", "2")
    for key in keys:  # nothing of these is known: no sample rather than an empty one
        site.ocpp.set(key, "Voltage,SoC,Temperature")
    await session(site, "A")
    await site.run(5000)
    assert central.of("MeterValues") == [] and "transactionData" not in central.of("StopTransaction")[0]
    for key in keys:
        site.ocpp.set(key, measurands)
    know_everything(site)
    await session(site, "B")
    await site.run(5000)
    seen = check_strict(central)
    assert seen == set(measurands.split(","))


def know_everything(site):
    for name, value in (
        ("power_mw", 10000000), ("terminal_current_ma", -5), ("terminal_voltage_mv", 74205),
        ("temperature_mdeg", -12345), ("setpoint_ma", 0), ("setpoint_mv", 85000),
    ):  # fmt: skip
        getattr(site.charger, name).set(value)
    site.bms.soc_permille.set(505)


UNITS = {
    "Energy.Active.Import.Register": "Wh", "Power.Active.Import": "W", "Power.Offered": "W", "Current.Import": "A",
    "Current.Offered": "A", "Voltage": "V", "SoC": "Percent", "Temperature": "Celsius",
}  # fmt: skip


def check_strict(central):
    """Stamps in UTC with Z, no empty list, no empty value, units and contexts of the lists; returns the measurands."""
    seen = set()
    for _, action, payload in central.calls:
        if "timestamp" in payload:
            check_stamp(payload["timestamp"])
        for name in ("meterValue", "transactionData"):
            assert payload.get(name) != []
            for meter_value in payload.get(name, ()):
                check_stamp(meter_value["timestamp"])
                assert meter_value["sampledValue"], payload
                for value in meter_value["sampledValue"]:
                    seen.add(value["measurand"])
                    assert UNITS[value["measurand"]] == value["unit"]
                    sign_less = value["value"].lstrip("-").replace(".", "", 1)
                    assert sign_less.isdigit(), value
                    assert value["context"] in (
                        "Sample.Periodic", "Sample.Clock", "Transaction.Begin", "Transaction.End"
                    )  # fmt: skip
                    assert set(value) <= {"value", "context", "measurand", "unit", "location"}
        for text in payload.values():
            assert text != "" and text is not None, (action, payload)
    return seen


def check_stamp(text):
    assert len(text) == 24 and text[10] == "T" and text[19] == "." and text[-1] == "Z", text
