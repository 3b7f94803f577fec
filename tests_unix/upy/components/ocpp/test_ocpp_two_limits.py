"""Smart Charging with two outlets: profiles of one, of each, and of all together (OCPP 1.6, 3.13, 5.4, 5.7)."""

from charging_profiles import DEFAULT, MAX, TX, profile
from smart_charging_site import clear, composite, now_of, set_profile
from two_outlet_site import charge_both, made, made_of, present, running

USE = "components.station.limits:SmartCharging"


class Budget:
    """What the component of that name is told."""

    def __init__(self, refuses=False):
        self.told = []
        self.refuses = refuses

    def limit(self, source, ma, life_ms=None, evse=0):
        if self.refuses:
            raise ValueError("more than 8 external limits")
        self.told.append((source, ma))


def limits(site):
    return [bay.gate.limit_ma.value for bay in site.bays]


async def ready(tmp, central=None, **options):
    return await made(tmp, central, profiles=((USE, {}),), **options)


async def total(site, **more):
    """Limits of GetCompositeSchedule of connector 0, 1 and 2."""
    found = []
    for connector in (0, 1, 2):
        answer = await composite(site, 60, connector, **more)
        found.append([period["limit"] for period in answer["chargingSchedule"]["chargingSchedulePeriod"]])
    return found


async def test_TxDefaultProfile_of_each_and_of_one(tmp):
    site = await ready(tmp)
    assert await set_profile(site, 0, profile(1, 20)) == "Accepted"
    await charge_both(site)
    assert limits(site) == [20000, 20000]
    assert await set_profile(site, 2, profile(2, 12)) == "Accepted"  # overrides it there
    assert limits(site) == [20000, 12000]
    assert await set_profile(site, 3, profile(3, 6)) == "Rejected"
    assert await total(site) == [[32], [20], [12]]
    assert await clear(site, connectorId=2) == "Accepted" and limits(site) == [20000, 20000]
    assert await clear(site, connectorId=1) == "Unknown" and await clear(site) == "Accepted"
    assert limits(site) == [300000, 300000]


async def test_TxProfile_is_of_the_transaction_at_its_connector(tmp):
    site = await ready(tmp)
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "ONE")
    assert await set_profile(site, 2, profile(1, 10, TX)) == "Rejected"  # none runs there
    assert await set_profile(site, 0, profile(1, 10, TX)) == "Rejected"
    site.bays[1].plug_in()
    await site.run(500)
    await present(site, "TWO")
    assert await set_profile(site, 2, profile(1, 10, TX, transactionId=1)) == "Rejected"  # it runs at connector 1
    assert await set_profile(site, 2, profile(1, 10, TX, transactionId=2)) == "Accepted"
    assert await set_profile(site, 1, profile(2, 16, TX)) == "Accepted"
    assert limits(site) == [16000, 10000]
    await present(site, "ONE")  # takes its own profile along, and no other
    assert limits(site) == [0, 10000] and site.store.keys("ocpp/cp/") == ["ocpp/cp/1"]
    central = site.central
    await site.power_off()
    site = made_of(tmp, profiles=((USE, {}),))
    for bay in site.bays:
        bay.plug_in()
    await site.power_on()
    await site.connect(central)
    await site.run(1000)
    assert running(site) == (None, "TWO") and limits(site) == [0, 10000]


async def test_a_remote_start_with_its_profile(tmp):
    site = await ready(tmp)
    ask = {"idTag": "A", "connectorId": 2, "chargingProfile": profile(1, 10, TX, "Relative")}
    assert await site.central.call("RemoteStartTransaction", ask) == {"status": "Accepted"}
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "OTHER")
    assert limits(site)[0] == 300000
    site.bays[1].plug_in()
    await site.run(500)
    assert running(site) == ("OTHER", "A") and limits(site) == [300000, 10000]


async def test_ChargePointMaxProfile_without_a_budget_is_shared_in_equal_parts(tmp):
    """3.13: all connectors together must not exceed it."""
    site = await ready(tmp)
    assert await set_profile(site, 1, profile(1, 50, MAX)) == "Rejected"
    assert await set_profile(site, 0, profile(1, 50.1, MAX)) == "Accepted"
    await charge_both(site)
    assert limits(site) == [25000, 25000] and sum(limits(site)) <= 50100
    assert await set_profile(site, 2, profile(2, 10)) == "Accepted"
    assert limits(site) == [25000, 10000]
    assert await total(site) == [[35], [25], [10]]
    assert await set_profile(site, 0, profile(3, 30)) == "Accepted"
    assert await total(site) == [[35], [25], [10]]
    assert await clear(site, id=2) == "Accepted"
    assert await total(site) == [[50], [25], [25]]  # tenths are rounded down
    assert site.ocpp.outlets[1].connector.limit().startswith("30.0 A (profile 3")


async def test_ChargePointMaxProfile_in_watts(tmp):
    site = await ready(tmp)
    site.bays[0].charger.terminal_voltage_mv.set(80000)
    site.bays[1].charger.terminal_voltage_mv.set(60000)
    assert await set_profile(site, 0, profile(1, 4800, MAX, unit="W")) == "Accepted"
    await charge_both(site)
    assert limits(site) == [30000, 40000]  # 2400 W each, at its own voltage
    assert await total(site) == [[4800], [2400], [2400]]


async def test_ChargePointMaxProfile_goes_to_the_budget_of_the_board(tmp):
    budget = Budget()
    site = await ready(tmp, services={"budget": budget})
    now = now_of(site)
    assert await set_profile(site, 0, profile(1, {0: 50, 60: 40}, MAX, start=now)) == "Accepted"
    await charge_both(site)
    assert limits(site) == [300000, 300000] and budget.told == [("ocpp", 50000)]
    assert await total(site) == [[50, 40], [50, 40], [50, 40]]
    await site.run(60000)
    assert budget.told == [("ocpp", 50000), ("ocpp", 40000)]
    assert await set_profile(site, 0, profile(1, 3000, MAX, unit="W")) == "Accepted"
    assert budget.told[-1] == ("ocpp", 35087)  # at 85.5 V, the highest that a module may have
    assert await clear(site) == "Accepted" and budget.told[-1] == ("ocpp", None)


async def test_a_budget_that_refuses_leaves_equal_parts(tmp):
    site = await ready(tmp, services={"budget": Budget(refuses=True)})
    assert await set_profile(site, 0, profile(1, 50, MAX)) == "Accepted"
    await charge_both(site)
    assert limits(site) == [25000, 25000] and site.lines("equal parts")


async def test_composite_schedules_of_what_is_not_there(tmp):
    site = await ready(tmp)
    assert await composite(site, 60, 3) == await composite(site, 60, -1) == "Rejected"
    assert await total(site) == [[600], [300], [300]]
    assert await set_profile(site, 0, profile(1, 16, DEFAULT)) == "Accepted"
    site.bays[0].plug_in()
    await site.run(500)
    await present(site, "ONE")
    assert await set_profile(site, 1, profile(2, {0: 10, 30: 12}, TX, "Relative")) == "Accepted"
    answer = await composite(site, 60, 0)
    values = [(p["startPeriod"], p["limit"]) for p in answer["chargingSchedule"]["chargingSchedulePeriod"]]
    assert [limit for _, limit in values] == [26, 28] and 28 <= values[1][0] <= 30, values
