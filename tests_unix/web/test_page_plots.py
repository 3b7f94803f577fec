"""What the plots are made of, as the browser computes it, without a charger's help."""

import math

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

# One sample a second for so many seconds: [how many are kept, first, last, the longest and the shortest pause but one]
DAY = """seconds => {
    const history = new History()
    for (let s = 0; s < seconds; s++) history.add(s * 1000, {terminal_voltage_mv: s, terminal_current_ma: s,
        power_mw: s, soc_permille: null})
    const times = history.samples.map(sample => sample[0])
    const pauses = times.slice(1, -1).map((time, n) => time - times[n])
    return [times.length, times[0], times[times.length - 1], Math.max(...pauses), Math.min(...pauses)]
}"""


@pytest.mark.parametrize("seconds", [2, 600, 601, 5_000, 86_400])
async def test_a_history_is_bounded_and_even(seconds, site, visit):
    """Of a day as of a minute: from the first second to the last, as often in the morning as in the evening."""
    visitor = await visit(site)
    kept, first, last, longest, shortest = await visitor.page.evaluate(DAY, seconds)
    assert kept <= 600 and kept >= min(seconds, 300)
    assert (first, last) == (0, (seconds - 1) * 1000)
    if seconds > 2:
        assert longest <= 2 * shortest <= 4 * max(1000, 86_400_000 / 300)


@pytest.mark.parametrize(
    "values",
    [[0], [5], [-3], [0, 0.0001], [71.2, 75.9], [0, 290], [0, 100], [0.6, 0], [399.9, 400.1], [-5, 12], [0, 22.0]],
)
async def test_a_scale_is_round_and_has_all_values(values, site, visit):
    visitor = await visit(site)
    low, middle, high = await visitor.page.evaluate("values => ticks(values)", values)
    assert low <= min(values) + 1e-9 and max(values) - 1e-9 <= high and low < middle < high
    step = middle - low
    mantissa = step / 10 ** math.floor(math.log10(step))
    constant = max(values) - min(values) < 1e-9  # has a narrow scale around it
    assert constant or any(mantissa == pytest.approx(round) for round in (1, 2, 2.5, 5, 10))
    assert high - middle == pytest.approx(step)
    assert high - low <= 5 * max(max(values) - min(values), abs(max(values)) * 0.04, 0.4)


async def test_an_unknown_value_is_a_gap(site, visit):
    visitor = await visit(site)
    line, area = await visitor.page.evaluate("() => paths([1, 2, null, null, 3, 4], n => n * 10, value => value)")
    assert line == "M0.0 1.0L10.0 2.0M40.0 3.0L50.0 4.0"
    assert area.count("Z") == 2 and "L10 200L0 200Z" in area and "L50 200L40 200Z" in area
