"""The energy register as it is told: whole Wh at start and end, thousandths between; it never goes back."""

from ocpp_site import Central, Site, booted

from components.station.metering import NAMES


def told(central):
    """All values of the register in mWh, in the order in which they happened: [(action or context, mWh)]."""
    values = []
    for _, action, payload in central.calls:
        if action == "StartTransaction":
            values.append((action, 1000 * payload["meterStart"]))
        elif action == "MeterValues":
            values.extend(sampled(payload["meterValue"]))
        elif action == "StopTransaction":
            data = sampled(payload.get("transactionData", ()))
            kept = [mwh for _, mwh in data]
            start = [mwh for what, mwh in values if what == "StartTransaction"][-1]
            assert [start] + kept == sorted([start] + kept), (start, data)
            values.extend(data[-1:])
            values.append((action, 1000 * payload["meterStop"]))
    return values


def sampled(meter_values):
    values = []
    for meter_value in meter_values:
        for value in meter_value["sampledValue"]:
            assert value["measurand"] == NAMES[0] and value["unit"] == "Wh"
            wh, _, part = value["value"].partition(".")
            assert len(part) == 3
            values.append((value["context"], int(wh + part)))
    return values


def deliver(site, mwh):
    """The power module delivers so much: 36 kW is 10 mWh in a ms."""
    for _ in range(mwh // 10):
        site.clock._now += 1
        site.energy.add_gap(36000000, 1)
    site.clock._now += 1
    site.energy.add_gap(mwh % 10 * 3600000, 1)
    site.energy.fold()


async def test_meterStop_is_never_below_a_value_that_was_reported_and_bills_are_off_by_less_than_a_Wh(tmp):
    """Energies with every fraction of a Wh, also between transactions, and a power cut after each one."""
    central = Central()
    delivered = []
    total = billed = 0  # mWh
    for number, mwh in enumerate((16663, 1, 999, 1000, 0, 337, 1, 663)):
        site = Site(tmp)
        await site.power_on()
        await site.connect(central)
        site.ocpp.set("MeterValueSampleInterval", "1")
        before = site.charger.energy_mwh.value
        site.plug_in()
        site.gate.in_limits.set(False)  # the test delivers, not the site
        site.ocpp.present_tag("TAG")
        await site.run(500)
        deliver(site, mwh)
        await site.run(1500)
        site.ocpp.present_tag("TAG")
        await site.run(1000)
        delivered.append(site.charger.energy_mwh.value - before)
        deliver(site, 123 * number)  # nobody's
        await site.power_off()
        central.start_ms += 100000
        assert delivered[-1] == mwh
    values = told(central)
    assert [mwh for _, mwh in values] == sorted([mwh for _, mwh in values]), values
    starts = [p["meterStart"] for p in central.of("StartTransaction")]
    stops = [p["meterStop"] for p in central.of("StopTransaction")]
    assert len(starts) == len(stops) == len(delivered)
    for mwh, start, stop in zip(delivered, starts, stops):
        assert -1000 < 1000 * (stop - start) - mwh < 1000, (start, stop, mwh)
        total, billed = total + mwh, billed + 1000 * (stop - start)
    assert abs(billed - total) < 1000 * len(delivered)


async def test_bills_without_energy_between_them_are_right_in_the_sum(tmp):
    site = await booted(tmp)
    site.plug_in()
    site.gate.in_limits.set(False)
    for _ in range(20):
        site.ocpp.present_tag("TAG")
        await site.run(500)
        deliver(site, 350)
        site.ocpp.present_tag("TAG")
        await site.run(500)
    starts = [p["meterStart"] for p in site.central.of("StartTransaction")]
    stops = [p["meterStop"] for p in site.central.of("StopTransaction")]
    assert starts[1:] == stops[:-1] and starts[0] == 0 and stops[-1] == 7
