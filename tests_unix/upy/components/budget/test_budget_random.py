"""Whatever comes and goes: the sum is never above the station's limit, and nobody waits for ever."""

import random

from budget_site import Station

TURN_MS = 20000
ROUNDS = 150


def chance(percent):
    return random.randint(1, 100) <= percent


def happen(site, number):
    """Something at one outlet."""
    evse = site.evses[number - 1]
    module = evse.module
    if not evse.gate.transaction.value:
        if chance(40):
            site.arrive(number, random.choice((0, 3000, 12000, 32000, 100000, 250000)))
    elif chance(15):
        site.leave(number)
    elif chance(30):
        evse.vehicle.max_current_ma.set(random.randint(0, 120000))
    elif chance(10):
        evse.gate.bms_permits.set(not evse.gate.bms_permits.value)
    elif chance(10):
        evse.gate.limit("transaction", random.choice((0, 10000, 300000)))
    if chance(8):
        module.silent = not module.silent
    module.lag_ms = random.choice((0, 100, 400, 900))
    module.takes = random.choice((1000, 1000, 700, 50))


class Waiting:
    """How long each outlet that could charge has had nothing, in steps."""

    def __init__(self, site):
        self.site = site
        self.steps = [0] * len(site.evses)
        self.most = 0

    def look(self):
        for i, evse in enumerate(self.site.evses):
            waits = evse.gate.permits("budget") and not evse.gate.limit_ma.value
            self.steps[i] = self.steps[i] + 1 if waits else 0
            self.most = max(self.most, self.steps[i])


async def one_life(seed, count, **limits):
    random.seed(seed)
    site = await Station(count, turn_ms=TURN_MS, **limits).start()
    for _ in range(ROUNDS):
        happen(site, random.randint(1, count))
        await site.run(random.choice((50, 200, 1000, 5000)))  # each step of it checks the sums
    for evse in site.evses:
        evse.module.silent, evse.module.takes = False, 1000
        site.arrive(evse.id, 100000)
    waiting = Waiting(site)
    await site.run(5000)
    site.look = waiting.look
    await site.run(2 * count * TURN_MS)
    assert waiting.most * 50 <= count * TURN_MS, (seed, waiting.most)
    granted = [ma for ma in site.limits() if ma]
    await site.stop()
    return granted


async def test_amperes_that_leave_room_for_all(tmp):
    for seed in range(4):
        granted = await one_life(seed, 3, limit_ma=40000)
        assert sorted(granted) == [13333] * 3, granted


async def test_amperes_that_leave_room_for_two_of_four(tmp):
    for seed in range(10, 14):
        granted = await one_life(seed, 4, limit_ma=15000)
        assert granted in ([7500] * 2, [7500]), granted  # one: another one's turn has just begun


async def test_watts(tmp):
    for seed in range(20, 24):
        granted = await one_life(seed, 2, limit_w=6000)
        assert len(granted) == 2 and 69900 <= sum(granted) <= 70175, granted


async def test_both(tmp):
    for seed in range(30, 33):
        await one_life(seed, 3, limit_ma=50000, limit_w=1400)  # one minimum of 513 W each does not fit for all
