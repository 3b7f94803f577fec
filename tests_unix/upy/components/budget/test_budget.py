"""The station's limit shared among outlets: parts, turns, and never a moment above it."""

from budget_site import Station

TURN_MS = 60000


def refusal(**given):
    try:
        Station(**given)
    except ValueError as e:
        return str(e)
    return ""


async def test_the_minimum_to_each_and_the_rest_in_equal_parts(tmp):
    site = await Station(3, 60000).start()
    site.arrive(1, 100000)
    await site.run(300)
    assert site.flows() == [60000, 0, 0]
    site.arrive(2, 100000)
    await site.run(3000)
    assert site.flows() == [30000, 30000, 0]
    site.arrive(3, 12000)  # it can use no more: the others have what is left
    await site.run(3000)
    assert site.flows() == [24000, 24000, 12000]
    site.arrive(2, 4000)  # less than the minimum
    await site.run(3000)
    assert site.flows() == [44000, 4000, 12000]
    site.leave(1)
    await site.run(3000)
    assert site.flows() == [0, 4000, 12000]
    await site.stop()


async def test_no_outlet_gets_more_than_the_smallest_of_what_limits_it(tmp):
    site = await Station(2, 500000).start()
    site.arrive(1, 300000, permitted_ma=32000)  # by a charging profile
    site.arrive(2, 300000)  # the module can 200 A
    await site.run(3000)
    assert site.flows() == [32000, 200000]
    site.arrive(1, 20000)
    site.evses[1].module.available_ma = 80000  # it is hot
    await site.run(3000)
    assert site.flows() == [20000, 80000] and site.limits() == [20000, 80000]
    await site.stop()


async def test_a_higher_limit_comes_when_the_lower_one_is_measured(tmp):
    """The former of two, whose module takes 900 ms, delivers all of it until then."""
    site = await Station(2, 60000).start()
    site.evses[0].module.lag_ms = 900
    site.arrive(1, 100000)
    await site.run(3000)
    site.arrive(2, 100000)
    await site.run(100)
    assert site.limits() == [30000, 0]
    seen = []
    site.look = lambda: seen.append((site.flows()[0], site.limits()[1]))
    await site.run(3000)
    assert (60000, 30000) not in seen and seen[-1] == (30000, 30000), seen
    await site.stop()


async def test_a_measurement_of_before_does_not_count(tmp):
    """A vehicle that takes little now may take all of the former limit until its module has heard the lower one."""
    site = await Station(2, 60000).start()
    module = site.evses[0].module
    site.arrive(1, 100000)
    await site.run(1000)
    module.takes, module.lag_ms = 100, 900
    await site.run(1000)
    site.arrive(2, 100000)
    await site.run(300)
    module.takes = 1000
    await site.run(3000)  # its check fails if the second had been raised at once
    assert site.flows() == [30000, 30000]
    await site.stop()


async def test_a_silent_outlet_counts_with_its_last_limit(tmp):
    site = await Station(2, 60000).start()
    await site.share(100000, 100000)
    site.evses[0].module.silent = True  # and goes on delivering, for it does not hear the stop either
    await site.run(20000)
    assert site.flows() == [30000, 30000] and not site.evses[0].gate.enabled.value
    site.evses[0].module.silent = False
    site.leave(1)
    await site.run(3000)
    assert site.flows() == [0, 60000]
    await site.stop()


async def test_what_is_delivered_above_a_limit_is_taken_from_the_others(tmp):
    site = await Station(2, 60000).start()
    site.most_ma = 60700
    site.evses[0].module.offset_ma = 700
    await site.share(100000, 100000)
    site.most_ma = 60000
    await site.run(20000)
    assert sum(site.flows()) == 59700, site.flows()
    await site.stop()


async def test_a_module_that_does_not_stop_leaves_less_to_the_others(tmp):
    site = await Station(2, 60000).start()
    module = site.evses[0].module
    module.flows_ma, module.step = 20000, lambda: None
    await site.run(1000)
    site.arrive(2, 100000)
    await site.run(3000)
    assert site.flows() == [20000, 40000]
    await site.stop()


async def test_the_newest_waits_if_the_minimum_does_not_fit_and_turns_rotate(tmp):
    site = await Station(3, 14000, turn_ms=TURN_MS).start()
    for number in (2, 3, 1):
        site.arrive(number, 100000)
        await site.run(3000)
    assert site.flows() == [0, 7000, 7000]
    assert site.evses[0].gate.blocking_texts() == ["the budget permits no current"]
    charged = [[], [], []]
    site.look = lambda: [charged[i].append(ma > 0) for i, ma in enumerate(site.flows())]
    await site.run(6 * TURN_MS)
    for turns in charged:
        share = sum(turns) / len(turns)
        assert 0.58 < share < 0.70, [sum(one) / len(one) for one in charged]
    await site.stop()


async def test_the_limit_in_watts(tmp):
    site = await Station(2, limit_w=8550, min_ma=10000).start()
    site.arrive(1, 300000)
    await site.run(1000)
    assert site.flows() == [100000, 0]  # 8550 W at the 85.5 V of the module
    site.arrive(2, 20000)
    await site.run(3000)
    assert site.flows()[1] == 20000 and 79800 <= site.flows()[0] <= 80000, site.flows()
    await site.stop()


async def test_both_limits_hold(tmp):
    site = await Station(2, 60000, 4275).start()
    site.arrive(1, 300000)
    await site.run(1000)
    assert site.flows() == [50000, 0]
    site.budget.limit("web", 20000)
    assert site.setpoints() == [20000, 0]
    await site.stop()


async def test_a_vehicle_that_requests_nothing_keeps_its_gate_open(tmp):
    """So it is the vehicle that suspends, and nobody waits for a turn."""
    site = await Station(2, 60000).start()
    await site.share(0, 100000)
    assert site.evses[0].gate.enabled.value and site.limits() == [1000, 59000]
    site.arrive(1, 100000)
    await site.run(3000)
    assert site.flows() == [30000, 30000]
    await site.stop()


async def test_a_request_that_falls_all_the_time_keeps_nothing_from_the_others(tmp):
    site = await Station(2, 60000).start()
    await site.share(30000, 100000)
    for ma in range(29800, 20000, -200):
        site.evses[0].vehicle.max_current_ma.set(ma)
        await site.run(500)
    assert site.flows()[1] >= 38500, site.flows()
    await site.stop()


# --- limits from outside -----------------------------------------------------------------------------------------


async def test_a_lower_limit_from_outside_holds_within_the_call(tmp):
    site = await Station(2, 60000).start()
    await site.share(100000, 100000)
    site.budget.limit("web", 40000)
    assert site.setpoints() == [20000, 20000]
    site.budget.limit("modbus", 6000, evse=2)
    assert site.setpoints() == [20000, 6000]
    await site.run(3000)
    assert site.flows() == [34000, 6000]
    site.budget.limit("web", None)
    site.budget.limit("modbus", 0, evse=2)
    await site.run(3000)
    assert site.flows() == [60000, 0]
    site.budget.limit("modbus", None, evse=2)
    await site.run(3000)
    assert site.flows() == [30000, 30000]
    await site.stop()


async def test_after_its_life_time_the_fail_safe_limit_holds(tmp):
    site = await Station(2, 60000, fail_safe_ma=12000).start()
    site.arrive(1, 100000)
    site.budget.limit("mqtt", 40000, life_ms=10000)
    await site.run(9000)
    assert site.flows() == [40000, 0]
    site.budget.limit("mqtt", 30000, life_ms=10000)
    await site.run(9000)
    assert site.flows() == [30000, 0]
    await site.run(1200)
    assert site.flows() == [12000, 0]
    assert any("the limit of mqtt has expired: 12000 mA holds instead" in line for line in site.tail.lines)
    await site.run(60000)
    assert site.flows() == [12000, 0]
    site.budget.limit("mqtt", 50000)
    await site.run(60000)
    assert site.flows() == [50000, 0]
    await site.stop()


async def test_the_fail_safe_limit_may_hold_from_the_start(tmp):
    site = await Station(1, 60000, fail_safe_ma=10000, fail_safe_first=True).start()
    site.arrive(1, 100000)
    await site.run(3000)
    assert site.flows() == [10000]
    site.budget.limit("mqtt", 40000)
    await site.run(1000)
    assert site.flows() == [40000]
    await site.stop()


def test_a_budget_smaller_than_one_minimum_is_refused():
    assert refusal() == "neither limit_ma nor limit_w is given"
    assert refusal(limit_ma=5999) == "limit_ma 5999 is smaller than one minimum, min_ma 6000"
    words = "limit_w 512 is smaller than one minimum of evse 1, 513 W: min_ma 6000 at 85500 mV"
    assert refusal(limit_w=512) == words and refusal(limit_w=513) == refusal(limit_ma=6000) == ""


def test_what_is_no_limit_from_outside_is_refused():
    budget = Station(2, 60000).budget
    wrong = (("web", -1), ("web", 1 << 30), ("web", "10"), ("web", 1.5), ("web", 10, None, 3), ("web", 10, None, -1))
    wrong += (("web", True), ("web", 10, None, 1.5), ("web", 10, None, True), ("web", 10, 0), ("web", 10, "1000"))
    for bad in wrong:
        try:
            budget.limit(*bad)
        except ValueError:
            continue
        raise AssertionError(bad)
    for i in range(8):
        budget.limit("source%d" % i, 50000)
    try:
        budget.limit("one too many", 10)
    except ValueError as e:
        assert "8" in str(e)
    else:
        raise AssertionError
    budget.limit("source0", None)
    budget.limit("another", 10000)


async def test_a_power_module_that_fails_when_its_limit_changes_stops_no_other_outlet(tmp):
    """Fails where the budget, which is critical for all outlets, ends with what one of them raises."""
    for error in (ValueError, MemoryError):
        site = await Station(2, 60000).start()
        site.arrive(1, 100000)
        await site.run(3000)
        raised = []

        def fail(_, error=error, raised=raised):
            raised.append(error("invented"))
            raise raised[-1]

        site.evses[0].gate.limit_ma.watch(fail)
        site.arrive(2, 20000)
        await site.run(3000)
        site.arrive(1, 30000)
        site.leave(2)
        await site.run(3000)
        assert len(raised) > 1 and not site.task.done() and site.flows() == [30000, 0]
        assert error is MemoryError or [line for line in site.tail.lines if "outlet 1 does not follow" in line]
        await site.stop()


async def test_what_it_does_is_shown(tmp):
    site = await Station(3, 12000, 5000).start()
    for number in (1, 2, 3):
        site.arrive(number, 16000)
    site.budget.limit("web", 12000, life_ms=60000)
    await site.run(3000)
    shown = {name: (text % data, data) for name, text, data in site.budget.page()}
    assert shown["station"][0] == "Budget of the station: 12000 mA, 5000 W"
    assert shown["evse/1"][0] == "  evse 1: 6000 mA of 16000 mA, counts with 6000 mA"
    assert shown["evse/3"][0] == "  evse 3: waits for its turn, counts with 0 mA" and shown["evse/3"][1]["waits"]
    assert shown["limit/web"][0] == "  limit of web for the station: 12000 mA, for another 57000 ms"
    await site.stop()
