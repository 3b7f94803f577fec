"""Smart Charging as OCA's test cases for charge points ask for it, held against what the power module hears."""

from datetime import datetime, timedelta, timezone

import pytest
import pytest_asyncio
from charging_site import eventually

from tools.powermodule import CONTROL

pytestmark = pytest.mark.asyncio(loop_scope="module")
MAX, DEFAULT, TX = "ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"


def profile(number, limits, purpose=DEFAULT, kind="Relative", level=0, unit="A", start=None, duration=None, **more):
    """A csChargingProfiles; `limits`: {second: limit} or one limit, `start` in s from now."""
    limits = limits if isinstance(limits, dict) else {0: limits}
    periods = [{"startPeriod": second, "limit": limit} for second, limit in sorted(limits.items())]
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    if start is not None:
        moment = datetime.now(timezone.utc) + timedelta(seconds=start)
        schedule["startSchedule"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if duration is not None:
        schedule["duration"] = duration
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
        **more,
    }


async def install(site, connector, given):
    return (await site.order("SetChargingProfile", connectorId=connector, csChargingProfiles=given)).status


async def clear(site, **filters):
    return (await site.order("ClearChargingProfile", **filters)).status


async def composite(site, duration, unit="A", connector=1):
    """[(second, limit)] of a composite schedule."""
    answer = await site.order(
        "GetCompositeSchedule", connectorId=connector, duration=duration, chargingRateUnit=unit
    )
    assert answer.status == "Accepted" and answer.connector_id == connector
    schedule = answer.charging_schedule
    assert schedule["charging_rate_unit"] == unit and schedule["duration"] == duration
    told = datetime.fromisoformat(answer.schedule_start.replace("Z", "+00:00"))
    assert abs((told - datetime.now(timezone.utc)).total_seconds()) < 15
    return [(period["start_period"], float(period["limit"])) for period in schedule["charging_schedule_period"]]


def wanted(site, since=0):
    """[(when, A)] of the currents that the module was asked for on the bus; each change once."""
    found = []
    for frame in site.hub.log:
        if frame.seq > since and frame.can_id == CONTROL and frame.data[1] == 0x03:
            amps = int.from_bytes(frame.data[4:], "big") / 30.5
            if not found or found[-1][1] != amps:
                found.append((frame.time, amps))
    return found


def on_the_wire(amps):
    """A current as the module hears it: in steps of 1/30.5 A, rounded down."""
    return int(amps * 1000) * 61 // 2000 / 30.5


async def current_is(site, amps, since=0):
    """The module is asked for this current, and delivers it."""
    await eventually(lambda: [a for _, a in wanted(site, since)][-1:] == [on_the_wire(amps)], f"{amps} A are wanted")
    await eventually(lambda: abs(site.module.current_a - amps) < 0.2, f"{amps} A flow")


async def end(site):
    """The transaction ends; the car stays."""
    since = site.mark()
    await site.present(site.central.books.last.start["id_tag"])
    await site.received("StopTransaction", since)
    await site.status("Finishing", since)
    await eventually(lambda: site.module.current_a < 0.5, "the current is gone")
    await eventually(lambda: site.central.books.last.stop is not None, "the central system has booked it")


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger with a car that stays; each test leaves it without a transaction and without profiles."""
    since = shared.mark()
    if not shared.vehicle.plugged:
        await shared.plug_in()
    yield shared
    if shared.central.books.transactions and shared.central.books.last.stop is None:
        await end(shared)
    await clear(shared)
    assert shared.wrong_messages(since) == []
    shared.check_calm()


async def test_tc_056_tx_default_profile(site):
    """A TxDefaultProfile, set before, limits the transaction from its first moment and through all periods."""
    given = profile(1, {0: 12, 1: 0, 4: 24.5})
    assert await install(site, 1, given) == "Accepted"
    since, seen = site.mark(), site.hub.frames
    begun = await site.start_session("TC-056")
    assert begun.payload["connectorId"] == 1
    assert wanted(site, seen)[0][1] == on_the_wire(12)
    await site.status("SuspendedEVSE", since)
    await current_is(site, 24.5, seen)
    (first, _), (last, _) = wanted(site, seen)
    off = [f.time for f in site.hub.log if f.seq > seen and f.can_id == CONTROL and f.data[1:4:2] == b"\x32\x01"]
    assert any(first < moment < last for moment in off), "switched off at a limit of 0"
    await eventually(lambda: site.statuses(1, since)[-1:] == ["Charging"], "Charging again")
    assert site.central.calls("StopTransaction", since) == []
    await end(site)
    assert [a for _, a in wanted(site, seen)] == [on_the_wire(12), on_the_wire(24.5)]


async def test_tc_082_tx_default_profile_during_a_transaction(site):
    await site.start_session("LATE")
    assert await install(site, 0, profile(1, 30)) == "Accepted"
    await current_is(site, 30)
    assert await install(site, 1, profile(2, 20)) == "Accepted"
    await current_is(site, 20)


async def test_the_lower_of_two_default_profiles_that_the_specification_leaves_open(site):
    """Connector 0's has the higher stack level, 1's is the connector's own: both hold, and `why` says which."""
    await site.start_session("BOTH")
    assert await install(site, 0, profile(1, 15, level=3)) == "Accepted"
    assert await install(site, 1, profile(2, 20)) == "Accepted"
    await current_is(site, 15)
    await site.answer("why", r"limit: 15.0 A \(profile 1, TxDefaultProfile of connector 0, stack level 3\)")
    assert await install(site, 1, profile(2, 10)) == "Accepted"
    await current_is(site, 10)
    await site.answer("why", r"limit: 10.0 A \(profile 2, TxDefaultProfile of connector 1, stack level 0\)")
    assert await clear(site, id=2) == "Accepted"
    await current_is(site, 15)


async def test_a_charge_point_limit_as_home_assistant_sends_it(site):
    """Relative, without startSchedule, at the highest stack level; and the limit of now, asked for a duration of 0."""
    assert await install(site, 0, profile(8, 12, MAX, "Relative", level=1)) == "Accepted"
    await site.start_session("HOME")
    await current_is(site, 12)
    assert await composite(site, 0) == [(0, 12)]
    assert await clear(site, chargingProfilePurpose=MAX) == "Accepted"


async def test_no_current_is_reported_as_the_suspension_that_it_is(site):
    """A vehicle that wants 0 A leaves the gate open, and so does a power that is 0 A on the wire: no Charging."""
    await site.start_session("NOTHING")
    since = site.mark()
    site.vehicle.max_a = 0
    await site.status("SuspendedEV", since)
    site.vehicle.max_a = None
    await site.status("Charging", since)
    since = site.mark()
    assert await install(site, 1, profile(1, 1, unit="W")) == "Accepted"
    await site.status("SuspendedEVSE", since)
    assert await clear(site) == "Accepted"
    await site.status("Charging", since)
    assert site.statuses(1, since) == ["SuspendedEVSE", "Charging"]


async def test_tc_057_tx_profile(site):
    """A TxProfile overrules TxDefaultProfile for the running transaction, and goes with it."""
    assert await install(site, 1, profile(1, 40)) == "Accepted"
    await site.start_session("TC-057")
    await current_is(site, 40)
    number = site.central.books.last.id
    given = profile(2, {0: 50, 3600: 8}, TX, "Absolute", start=-3599, transactionId=number)
    seen = site.hub.frames
    assert await install(site, 1, given) == "Accepted"
    await current_is(site, 8, seen)
    assert await composite(site, 60) == [(0, 8)]
    await end(site)
    assert await clear(site, id=2) == "Unknown"
    await site.start_session("TC-057")
    await current_is(site, 40)


async def test_tc_058_1_tx_profile_without_a_transaction(site):
    assert await install(site, 1, profile(1, 10, TX)) == "Rejected"
    assert await install(site, 1, profile(1, 10, TX, transactionId=1)) == "Rejected"


async def test_tc_058_2_tx_profile_for_another_transaction(site):
    await site.start_session("TC-058")
    number = site.central.books.last.id
    before = [a for _, a in wanted(site)][-1]
    assert await install(site, 1, profile(1, 10, TX, transactionId=number + 1)) == "Rejected"
    assert await install(site, 1, profile(1, 10, TX, transactionId=-1)) == "Rejected"
    assert await clear(site) == "Unknown"
    assert [a for _, a in wanted(site)][-1] == before


async def test_tc_059_remote_start_with_a_charging_profile(site):
    since, seen = site.mark(), site.hub.frames
    given = profile(1, 14, TX)
    answer = await site.order("RemoteStartTransaction", connectorId=1, idTag="TC-059", chargingProfile=given)
    assert answer.status == "Accepted"
    begun = await site.received("StartTransaction", since)
    assert begun.payload["idTag"] == "TC-059"
    await site.status("Charging", since)
    await current_is(site, 14, seen)
    assert [a for _, a in wanted(site, seen)] == [on_the_wire(14)]
    assert await composite(site, 60) == [(0, 14)]


async def test_tc_060_remote_start_with_a_charging_profile_rejected(site):
    """Another purpose than TxProfile, or a transactionId, cannot come with a remote start."""
    since = site.mark()
    for given in (profile(1, 14, DEFAULT), profile(1, 14, TX, transactionId=1)):
        answer = await site.order("RemoteStartTransaction", connectorId=1, idTag="TC-060", chargingProfile=given)
        assert answer.status == "Rejected"
    assert await site.configured("NumberOfConnectors") == "1"
    assert site.central.calls("StartTransaction", since) == [] and not site.module.enabled


async def test_tc_066_get_composite_schedule(site):
    assert await install(site, 0, profile(1, 30, MAX, "Absolute", start=-100, duration=86400)) == "Accepted"
    given = profile(2, {0: 10, 400: 25.5, 800: 90}, kind="Absolute", start=-100, duration=1500)
    assert await install(site, 1, given) == "Accepted"
    await site.start_session("TC-066")
    for connector in (1, 0):
        schedule = await composite(site, 1000, connector=connector)
        assert [limit for _, limit in schedule] == [10, 25.5, 30]
        (first, _), (second, _), (third, _) = schedule
        assert first == 0 and 250 < second <= 300 and third - second == 400
    powers = [limit for _, limit in await composite(site, 1000, "W")]
    volts = site.module.voltage_v
    for told, amps in zip(powers, (10, 25.5, 30), strict=True):
        assert told == pytest.approx(volts * amps, rel=0.03) and round(told * 10) / 10 == told
    answer = await site.order("GetCompositeSchedule", connectorId=2, duration=60)
    assert answer.status == "Rejected" and answer.charging_schedule is None


async def test_tc_067_clear_charging_profile(site):
    """By id, and by connector, purpose and stack level; what is not there is Unknown."""
    await site.start_session("TC-067")
    for connector, given in ((1, profile(1, 10, level=0)), (1, profile(2, 11, level=1)), (0, profile(3, 50, MAX,
                             "Absolute"))):  # fmt: skip
        assert await install(site, connector, given) == "Accepted"
    await current_is(site, 11)
    assert await clear(site, id=2) == "Accepted" and await clear(site, id=2) == "Unknown"
    await current_is(site, 10)
    assert await clear(site, connectorId=1, chargingProfilePurpose=DEFAULT, stackLevel=1) == "Unknown"
    assert await clear(site, connectorId=1, chargingProfilePurpose=DEFAULT, stackLevel=0) == "Accepted"
    await current_is(site, 50)
    assert await clear(site, connectorId=0) == "Accepted" and await clear(site) == "Unknown"


async def test_tc_072_stacking_charging_profiles(site):
    """The higher stack level wins while its schedule lasts; ChargePointMaxProfile caps all."""
    low, high = profile(1, 20, level=0), profile(2, {0: 30, 2: 60}, level=1, duration=4)
    assert await install(site, 1, low) == "Accepted" and await install(site, 1, high) == "Accepted"
    assert await install(site, 0, profile(3, 40, MAX, "Absolute")) == "Accepted"
    assert await composite(site, 60) == [(0, 30), (2, 40), (4, 20)]  # as if a transaction began now
    seen = site.hub.frames
    await site.start_session("TC-072")
    await current_is(site, 20, seen)
    steps = wanted(site, seen)
    assert [a for _, a in steps] == [on_the_wire(30), on_the_wire(40), on_the_wire(20)]
    began, rose, fell = (moment for moment, _ in steps)
    late = [rose - began - 2, fell - rose - 2, fell - began - 4]  # one that a busy machine tells late is in two of them
    assert min(abs(seconds) for seconds in late) < 1, late


async def test_a_power_limit_follows_the_measured_voltage(site):
    await site.start_session("WATTS")
    assert await install(site, 0, profile(1, 1500, MAX, "Absolute", unit="W")) == "Accepted"

    def power_w():
        return site.module.voltage_v * site.module.current_a

    await eventually(lambda: 1400 < power_w() < 1505, "1.5 kW flow")
    await site.answer("status", r"Smart charging: limit \d+\.\d+ A by 1500.0 W \(profile 1\); profiles 1 of 10")
    assert power_w() < 1505
    await site.answer("config MaxChargingProfilesInstalled", r"MaxChargingProfilesInstalled.*10")


async def test_limits_survive_a_power_cut_in_a_transaction(site):
    assert await install(site, 1, profile(1, 40)) == "Accepted"
    await site.start_session("CUT")
    number = site.central.books.last.id
    assert await install(site, 1, profile(2, {0: 9, 86400: 6}, TX, transactionId=number)) == "Accepted"
    await current_is(site, 9)
    seen = site.hub.frames
    await site.firmware.kill()
    since = site.mark()
    await site.boot()
    await site.status("Charging", since)
    await current_is(site, 9, seen)
    told = {a for _, a in wanted(site, seen)}
    assert told <= {on_the_wire(6), on_the_wire(9)}, "the smaller one, until the time is known"
    await end(site)
    assert await clear(site, id=2) == "Unknown" and await clear(site, id=1) == "Accepted"
