"""The Smart Charging profile in the charge point: messages and the gate (OCPP 1.6, sections 3.13, 5.4, 5.7, 5.16)."""

import micropython

from charging_profiles import DAY, DEFAULT, MAX, TX, profile
from ocpp_site import NOON, booted
from smart_charging_site import charge, clear, composite, limit, now_of, periods, profiles_of, ready, set_profile

NOW = NOON // 1000


async def test_the_keys(tmp):
    site = await ready(tmp, max_profiles=3, max_periods=7, max_level=4)
    answer = await site.central.call("GetConfiguration", {})
    keys = {entry["key"]: (entry["value"], entry["readonly"]) for entry in answer["configurationKey"]}
    for key, value in (
        ("ChargeProfileMaxStackLevel", "4"), ("ChargingScheduleAllowedChargingRateUnit", "Current,Power"),
        ("ChargingScheduleMaxPeriods", "7"), ("ConnectorSwitch3to1PhaseSupported", "false"),
        ("MaxChargingProfilesInstalled", "3"), ("SupportedFeatureProfiles", "Core,SmartCharging"),
    ):  # fmt: skip
        assert keys[key] == (value, True)
        assert site.ocpp.set(key, "1") == "Rejected"


async def test_a_TxDefaultProfile_limits_from_the_first_moment(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 0, profile(1, {0: 16, 60: 0, 90: 32.1}, kind="Relative")) == "Accepted"
    seen = []
    site.gate.enabled.watch(lambda on: seen.append((on, limit(site))))
    await charge(site)
    assert seen == [(True, 16000)] and site.ocpp.state.value == "Charging"
    await site.run(60000)
    assert limit(site) == 0 and not site.gate.enabled.value and site.ocpp.state.value == "SuspendedEVSE"
    await site.run(30000)
    assert limit(site) == 32100 and site.ocpp.state.value == "Charging"
    assert site.central.states()[-3:] == ["Charging", "SuspendedEVSE", "Charging"]
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.unplug()
    await site.run(500)
    await charge(site)
    assert limit(site) == 16000  # relative to this transaction


async def test_each_change_reaches_the_gate_within_a_step(tmp):
    site = await ready(tmp)
    await charge(site)
    begin = now_of(site) + 5
    given = profile(1, {second: 10 + second for second in range(20)}, start=begin, duration=20)
    assert await set_profile(site, 1, given) == "Accepted" and limit(site) == 300000
    at = {}
    site.gate.limit_ma.watch(lambda ma: at.update({ma: site.clock.utc_ms()}))
    await site.run(30000)
    for second in range(20):
        assert 0 <= at[10000 + second * 1000] - (begin + second) * 1000 <= 250
    assert 0 <= at[300000] - (begin + 20) * 1000 <= 250


async def test_purposes_and_stack_levels(tmp):
    site = await ready(tmp)
    await charge(site)
    until = now_of(site) + 60
    for connector, given, expected in (
        (0, profile(1, 40), 40000),
        (1, profile(2, 50), 50000),  # the connector's own TxDefaultProfile
        (1, profile(3, 45, level=1, start=until - 60, duration=60), 45000),  # the higher level, while it lasts
        (1, profile(4, 70, TX), 70000),  # the transaction's own
        (0, profile(5, 60, MAX), 60000),  # whatever the others say
        (0, profile(6, 65, MAX, level=1), 65000),
    ):
        assert await set_profile(site, connector, given) == "Accepted"
        assert limit(site) == expected, (given, limit(site))
    assert await clear(site, id=4) == "Accepted" and limit(site) == 45000
    await site.run(61000)
    assert limit(site) == 50000
    assert await clear(site, id=2) == "Accepted" and limit(site) == 40000
    assert await clear(site, id=1) == "Accepted" and limit(site) == 65000
    assert await clear(site) == "Accepted" and limit(site) == 300000
    assert await clear(site) == "Unknown"


async def test_TxProfile_only_for_the_transaction_that_runs(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, 10, TX)) == "Rejected"
    assert await set_profile(site, 1, profile(1, 10, TX, transactionId=1)) == "Rejected"
    await charge(site)
    assert await set_profile(site, 1, profile(1, 10, TX, transactionId=site.ocpp.transaction.id + 1)) == "Rejected"
    assert await set_profile(site, 0, profile(1, 10, TX)) == "Rejected" and limit(site) == 300000
    assert await set_profile(site, 1, profile(1, 10, TX, transactionId=site.ocpp.transaction.id)) == "Accepted"
    assert limit(site) == 10000
    site.ocpp.present_tag("TAG")
    await site.run(500)
    assert await clear(site, id=1) == "Unknown"  # removed with the end of the transaction
    site.unplug()
    await site.run(500)
    await charge(site)
    assert limit(site) == 300000


async def test_a_profile_replaces_its_like(tmp):
    site = await ready(tmp, max_profiles=2)
    assert await set_profile(site, 1, profile(1, 10)) == "Accepted"
    assert await set_profile(site, 1, profile(2, 11)) == "Accepted"  # the same purpose, level and connector
    assert await clear(site, id=1) == "Unknown"
    assert await set_profile(site, 0, profile(2, 12, MAX)) == "Accepted"  # the same id
    assert await clear(site, chargingProfilePurpose=DEFAULT) == "Unknown"
    assert await set_profile(site, 1, profile(3, 13)) == "Accepted"
    assert await set_profile(site, 1, profile(4, 14, level=1)) == "Rejected"  # two are installed
    assert await set_profile(site, 1, profile(4, 14)) == "Accepted"
    await charge(site)
    assert limit(site) == 12000


async def test_every_filter_and_every_combination_clears_what_it_names(tmp):
    site = await ready(tmp)
    installed = ((0, profile(1, 30, MAX)), (0, profile(2, 30, level=1)), (1, profile(3, 30, level=1)),
                 (1, profile(4, 30, level=2)))  # fmt: skip
    values = {"id": (1, 2, 3, 4, 9), "connectorId": (0, 1, 2), "chargingProfilePurpose": (MAX, DEFAULT, TX),
              "stackLevel": (0, 1, 2, 5)}  # fmt: skip
    for turn in range(80):
        for connector, given in installed:
            assert await set_profile(site, connector, given) == "Accepted"
        filters = {}
        for bit, name in enumerate(sorted(values)):
            if turn % 16 >> bit & 1:
                choices = values[name]
                filters[name] = choices[(turn // 16 + bit) % len(choices)]
        hit = []
        for connector, given in installed:
            has = {"id": given["chargingProfileId"], "connectorId": connector, "stackLevel": given["stackLevel"],
                   "chargingProfilePurpose": given["chargingProfilePurpose"]}  # fmt: skip
            if all(has[name] == filters[name] for name in filters):
                hit.append(has["id"])
        assert await clear(site, **filters) == ("Accepted" if hit else "Unknown"), filters
        left = [one.id for one in profiles_of(site)]
        assert sorted(left + hit) == [1, 2, 3, 4] and not set(left) & set(hit), (filters, left, hit)


async def test_power_follows_the_measured_voltage(tmp):
    site = await ready(tmp)
    site.charger.setpoint_mv.set(84000)
    assert await set_profile(site, 1, profile(1, 4200, unit="W")) == "Accepted"
    await charge(site)
    assert limit(site) == 50000  # nothing is measured yet: at the wanted voltage
    for mv, ma in ((70000, 60000), (75000, 56000), (81234, 51702)):
        site.charger.terminal_voltage_mv.set(mv)
        await site.run(250)
        assert limit(site) == ma
    site.charger.terminal_voltage_mv.set(None)
    site.charger.setpoint_mv.set(0)
    await site.run(250)
    assert limit(site) == 4200 * 1000000 // 85500  # the highest voltage: the smallest current


async def test_offered_current_and_power(tmp):
    site = await ready(tmp)
    site.gate.limit_ma.watch(site.charger.setpoint_ma.set)  # as the charger does
    site.charger.setpoint_mv.set(84000)
    site.charger.terminal_voltage_mv.set(75000)
    site.ocpp.set("MeterValuesSampledData", "Current.Offered,Power.Offered")
    site.ocpp.set("MeterValueSampleInterval", "10")
    assert await set_profile(site, 1, profile(1, {0: 3000, 15: 1500}, kind="Relative", unit="W")) == "Accepted"
    await charge(site)
    await site.run(25000)
    told = [[value["value"] for value in p["meterValue"][0]["sampledValue"]] for p in site.central.of("MeterValues")]
    assert told[:2] == [["40.000", "3000.000"], ["20.000", "1500.000"]]


async def test_composite_schedules(tmp):
    site = await ready(tmp)
    site.charger.terminal_voltage_mv.set(75000)
    assert await periods(site) == [(0, 300)]
    assert await periods(site, chargingRateUnit="W") == [(0, 22500)]
    given = profile(1, {0: 2250, 20: 0, 30: 1125.5}, kind="Relative", unit="W", duration=50, minChargingRate=600.5)
    assert await set_profile(site, 1, given) == "Accepted"
    assert await periods(site) == [(0, 2250), (20, 0), (30, 1125.5), (50, 22500)]  # the unit of the profiles
    assert await periods(site, 25, chargingRateUnit="A") == [(0, 30), (20, 0)]
    assert await set_profile(site, 0, profile(2, 20, MAX, start=now_of(site) - 5, duration=15)) == "Accepted"
    whole = await composite(site, 40, 0, chargingRateUnit="A")
    assert [(p["startPeriod"], p["limit"]) for p in whole["chargingSchedule"]["chargingSchedulePeriod"]] == [
        (0, 20), (10, 30), (20, 0), (30, 15)
    ]  # fmt: skip
    assert whole["chargingSchedule"]["duration"] == 40 and "minChargingRate" not in whole["chargingSchedule"]
    assert whole["scheduleStart"].endswith(".000Z")
    power = (await composite(site, 40, chargingRateUnit="W"))["chargingSchedule"]
    assert power["minChargingRate"] == 600.5 and power["chargingRateUnit"] == "W"
    assert (await composite(site, 10**12))["chargingSchedule"]["duration"] == 31536000
    assert await composite(site, 60, 2) == "Rejected" and await composite(site, 60, -1) == "Rejected"
    assert await composite(site, -5) == "Rejected"


async def test_a_composite_schedule_counts_from_the_start_of_the_transaction(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, {0: 16, 100: 8}, kind="Relative")) == "Accepted"
    await charge(site)
    await site.run(60000)
    (zero, first), (second, last) = await periods(site, 3600)
    assert (zero, first, last) == (0, 16, 8) and 37 <= second <= 41
    assert await set_profile(site, 1, profile(2, 4, TX, kind="Relative")) == "Accepted"
    assert await periods(site, 3600) == [(0, 4)]


async def test_a_recurring_profile(tmp):
    site = await ready(tmp)
    given = profile(1, {0: 10, 120: 20}, kind="Recurring", recurrencyKind="Daily", start=NOW - DAY + 60)
    assert await set_profile(site, 1, given) == "Accepted"
    assert await periods(site, DAY) == [(0, 20), (60, 10), (180, 20)]
    await charge(site)
    assert limit(site) == 20000
    await site.run(60000)
    assert limit(site) == 10000
    await site.run(120000)
    assert limit(site) == 20000


async def test_without_the_profile_a_charging_profile_is_ignored(tmp):
    site = await booted(tmp)
    start = {"idTag": "TAG", "chargingProfile": profile(1, 10, MAX)}
    site.plug_in()
    assert (await site.central.call("RemoteStartTransaction", start))["status"] == "Accepted"
    await site.run(1000)
    assert limit(site) == 300000
    assert await site.central.call("ClearChargingProfile", {}) == "NotSupported"


async def test_bad_messages(tmp):
    site = await ready(tmp)
    wrong = profile(1, 10.05)
    assert await set_profile(site, 1, wrong) == "PropertyConstraintViolation"
    assert await set_profile(site, 1, {}) == "OccurenceConstraintViolation"
    assert await set_profile(site, "1", profile(1, 10)) == "TypeConstraintViolation"
    assert await set_profile(site, 1, profile(1, 10, unit="V")) == "PropertyConstraintViolation"
    assert await set_profile(site, 1, profile(1, 10, colour="red")) == "FormationViolation"
    assert await set_profile(site, 1, profile(1, {})) == "Rejected"
    assert await set_profile(site, 7, profile(1, 10)) == "Rejected"
    assert await site.central.call("ClearChargingProfile", {"id": "1"}) == "TypeConstraintViolation"
    assert await site.central.call("GetCompositeSchedule", {"connectorId": 1}) == "OccurenceConstraintViolation"
    assert profiles_of(site) == [] and site.lines("charging profile 1 refused: no TxDefaultProfile for conn")


async def test_the_console_says_which_profile_limits(tmp):
    site = await ready(tmp)
    site.charger.terminal_voltage_mv.set(75000)
    assert "Smart charging: limit 300.000 A by no limit; profiles 0 of 10" in list(site.ocpp.describe())
    assert await set_profile(site, 0, profile(1, 1200.5, MAX, unit="W")) == "Accepted"
    assert await set_profile(site, 1, profile(2, 16.5)) == "Accepted"
    assert "Smart charging: limit 16.006 A by 16.5 A (profile 2), 1200.5 W (profile 1); profiles 2 of 10" in list(
        site.ocpp.describe()
    )


async def test_between_two_changes_a_step_allocates_nothing(tmp):
    site = await ready(tmp)
    site.charger.terminal_voltage_mv.set(75000)
    await charge(site)
    assert await set_profile(site, 1, profile(1, 3000, unit="W")) == "Accepted"
    assert await set_profile(site, 0, profile(2, {0: 100, 3600: 50}, MAX)) == "Accepted"
    step = site.profiles[0]._step
    for mv in (75000, 75100):
        site.charger.terminal_voltage_mv.set(mv)
        step()
        micropython.heap_lock()
        try:
            step()
            step()
        finally:
            micropython.heap_unlock()
        assert limit(site) == 3000000000 // mv
