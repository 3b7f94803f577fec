"""How much of the register a power cut takes: what is in the journal, and what is kept beside it."""

from journals import opened
from test_energy import Clock, meter, run

from components.meter.energy import Energy
from core.signals import Signal

HEAPSIZE = "16M"


async def at_stake(tmp, power_mw, minutes, pause_ms):
    """(most mWh that a power cut would have taken in this time, records an hour): read at each step from the medium."""
    clock = Clock()
    store = await opened(tmp)
    energy = Energy(clock, store, Signal(0, clock), pause_ms)
    energy.load()
    records = store.records
    most = 0
    for _ in range(minutes * 600):
        run(clock, energy, power_mw, 100)
        energy.fold()
        most = max(most, energy.energy_mwh.value - store.get("register", 0))
    return most, (store.records - records) * 60 // minutes


async def test_a_power_cut_takes_no_more_than_20_Wh_or_60_s(tmp):
    """Whichever is less; 100 Wh or 5 minutes it was. A board whose flash wears puts a pause between two records."""
    kw = 3600000 // 3600 * 1000
    for power_mw, pause_ms, limit_mwh, most_records in (
        (kw // 2, 1000, 8334 + 20, 62),  # 0.5 kW: 60 s
        (kw, 1000, 16667 + 40, 62),
        (3 * kw, 1000, 20000 + 200, 152),
        (25 * kw, 1000, 20000 + 1500, 1290),
        (25 * kw, 10000, 69445 + 1500, 362),
    ):
        home = "%s/%d-%d" % (tmp, power_mw, pause_ms)
        most, records = await at_stake(home, power_mw, 5, pause_ms)
        assert limit_mwh * 9 // 10 < most <= limit_mwh, (power_mw, pause_ms, most, records)
        assert most_records * 3 // 4 < records <= most_records, (power_mw, pause_ms, most, records)


async def test_a_low_power_is_saved_at_least_every_60_s(tmp):
    """The time in which it has not yet come to a whole mWh counts as well: at 3 W it was 61.2 s."""
    for power_mw in (500, 2770, 3000, 36000):
        clock = Clock()
        store = await opened("%s/%d" % (tmp, power_mw))
        energy = Energy(clock, store, Signal(0, clock), 10000)
        energy.load()
        run(clock, energy, power_mw, 10000)
        times = []
        last = 0
        for _ in range(6000):
            run(clock, energy, power_mw, 100)
            if store.get("register", 0) != last:
                last = store.get("register")
                times.append(clock.ticks_ms())
        gaps = [times[i + 1] - times[i] for i in range(len(times) - 1)]
        assert len(gaps) >= 8 and max(gaps) <= 60000 and min(gaps) >= 59000, (power_mw, gaps)


async def test_every_commit_of_anybody_carries_the_register(tmp):
    clock, energy = await meter(tmp)
    store = energy._store
    store.commit(push=(("q", [1]),))
    assert store.get("register") is None  # nothing to carry
    run(clock, energy, 3600000, 3000)
    records = store.records
    store.commit(pop=("q",))
    assert store.get("register") == 3000 and store.records == records + 1 and len(store.queue("q")) == 0
    run(clock, energy, 3600000, 19000)
    assert store.records == records + 1  # 19 Wh since then
    store.put("register", 3001)  # who sets it himself is not overruled
    assert store.get("register") == 3001
    assert energy.read() == 22000 and (await opened(tmp)).get("register") == 22000


async def test_a_commit_that_fails_has_carried_nothing(tmp):
    clock, energy = await meter(tmp)
    store = energy._store
    run(clock, energy, 3600000, 3000)
    try:
        store.put("x", "x" * 20000)
    except store.Error:
        pass
    assert store.get("register") is None
    assert energy.read() == 3000 and (await opened(tmp)).get("register") == 3000


async def test_a_register_that_stands_for_two_weeks_is_saved_60_s_after_it_moves(tmp):
    """Ticks wrap around after 12.4 days."""
    clock, energy = await meter(tmp)
    for _ in range(200):
        clock.step(2 * 3600000)
        energy.save_if_due()
    run(clock, energy, 3600000, 3000)
    assert energy._store.get("register") is None
    for _ in range(61):
        clock.step(1000)
        energy.save_if_due()
    assert energy._store.get("register") == 3000


class Kept:
    """What keeps the register beside the journal: the last value, and how often it was told one."""

    def __init__(self):
        self.mwh = None
        self.count = 0
        self.works = True

    def __call__(self, mwh):
        self.count += 1
        if self.works:
            self.mwh = mwh
        return self.works


async def test_what_keeps_the_register_elsewhere_spares_the_journal(tmp):
    clock, energy = await meter(tmp)
    store, kept = energy._store, Kept()
    assert energy.keep_by(kept, None) is False
    records = store.records
    for _ in range(300):
        run(clock, energy, 25000000, 1000)
        assert energy.energy_mwh.value - max(kept.mwh or 0, store.get("register", 0)) <= 20000 + 7500
    assert 95 <= kept.count <= 105 and 1 <= store.records - records <= 2, (kept.count, store.records - records)
    kept.works = False  # then the journal takes it
    records = store.records
    asked = kept.count
    run(clock, energy, 25000000, 40000)
    assert 4 <= store.records - records <= 5 and kept.count == asked + 1, (store.records - records, kept.count)
    again = Energy(clock, await opened(tmp), Signal(0, clock), 10000)
    again.load()
    assert again.keep_by(Kept(), kept.mwh) is False  # older than the journal


async def test_after_a_power_cut_the_register_is_what_was_kept_last(tmp):
    clock, energy = await meter(tmp)
    kept = Kept()
    energy.keep_by(kept, None)
    energy._store.put("register", 500000)
    energy.load()
    run(clock, energy, 25000000, 20000)
    assert kept.mwh > 600000 and energy._store.get("register") == 500000
    for told, taken in ((kept.mwh, True), (1500001, False), (500000, False), (0, False), (-5, False), (None, False)):
        again = Energy(clock, await opened(tmp), Signal(0, clock), 10000)
        assert again.load() == 500000
        assert again.keep_by(Kept(), told) is taken
        assert again.changes()[0] == (told if taken else 500000)
    again.keep_by(Kept(), kept.mwh)
    assert again.read() == kept.mwh and (await opened(tmp)).get("register") == kept.mwh
