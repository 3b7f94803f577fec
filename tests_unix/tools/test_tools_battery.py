"""The simulated battery is one a person believes."""

import pytest

from tools.battery import PACKS, Battery


@pytest.mark.parametrize("name", PACKS)
def test_battery_voltage_rises_with_its_charge_inside_the_window(name):
    battery = Battery(name)
    voltages = []
    for percent in range(101):
        battery.soc = percent / 100
        voltages.append(battery.ocv)
        assert battery.soc == pytest.approx(percent / 100)
    assert voltages == sorted(voltages) and 56.0 < voltages[0] and voltages[-1] <= 84.0
    assert battery.accepts(84.0) == pytest.approx(0, abs=1e-6)


def test_battery_counts_ampere_hours_and_warms():
    battery = Battery("Classic", soc=0.5, speed=60)
    for _ in range(100):
        battery.charge(30.0, 0.1)
    assert battery.charged_ah - battery.discharged_ah == pytest.approx(15 + 30 * 600 / 3600)
    assert 25.0 < battery.temperature_c < 40


@pytest.mark.parametrize("arguments", [{"soc": 1.1}, {"soc": -0.1}])
def test_battery_refuses_impossible_charge(arguments):
    with pytest.raises(ValueError):
        Battery("Classic", **arguments)
