"""What opens the access point, and what closes it."""

import gc

from provisioning_site import HOME, NEW, Unit, with_label

from components.provisioning import Provisioning

OPEN = ("ucharge-AB01", "label-password", 3)  # WPA2


async def test_without_any_settings_it_starts_and_opens_its_access_point(tmp):
    unit = await Unit(tmp, with_label({})).start()
    await unit.site.run(2000)
    assert unit.is_open() and unit.provisioning.ssid == "ucharge-AB01" and unit.provisioning.address == "192.168.4.1"
    assert unit.radio.access_point.on_air[-1] == OPEN
    assert unit.kernel["ocpp"].link.failure == "no central system is configured"
    assert unit.station.tries == 0 and not any("label-password" in line for line in unit.site.tail.lines)
    await unit.site.run(30000)
    assert unit.is_open() and unit.kernel["ocpp"].rpc.counters.failed_connects == 0
    await unit.site.stop()
    assert not unit.radio.access_point.on
    assert not [part.name for part in unit.kernel.parts if part.failures]


async def test_no_access_point_without_a_password_unless_it_is_to_be_open(tmp):
    unit = await Unit(tmp, {}).start()
    await unit.site.run(20000)
    assert not unit.is_open() and unit.radio.access_point.on_air == []
    assert any("no access point" in line for line in unit.site.tail.lines)
    await unit.site.stop()
    del unit
    gc.collect()
    unit = await Unit(tmp, {"setup": {"open": True, "name": "acme"}}).start()
    await unit.site.run(2000)
    assert unit.is_open() and unit.radio.access_point.on_air[-1] == ("acme-AB01", "", 0)
    await unit.site.stop()


async def test_a_configured_network_that_is_not_reached_opens_it_after_three_minutes(tmp):
    assert Provisioning.options["after_s"][1] == 180
    unit = await Unit(tmp, with_label(HOME, after_s=18, idle_s=10), air={}).start()
    await unit.site.run(16000)
    assert not unit.is_open()
    await unit.site.run(5000)
    assert unit.is_open()
    await unit.connect()
    await unit.site.run(8000)
    assert unit.is_open(), "who uses it is not cut off at once"
    await unit.site.run(5000)
    assert not unit.is_open()
    unit.radio.air.clear()
    await unit.site.run(30000)
    assert not unit.is_open() and not unit.kernel["wifi"].online.value, "it was reached since the start"
    await unit.site.stop()


async def test_it_stays_closed_where_the_network_is_reached_or_the_option_says_so(tmp):
    unit = await Unit(tmp, with_label(HOME, after_s=20)).start()
    await unit.site.run(30000)
    assert not unit.is_open()
    await unit.site.stop()
    del unit
    gc.collect()
    unit = await Unit(tmp, with_label(HOME, after_s=0), air={}).start()
    await unit.site.run(60000)
    assert not unit.is_open()
    await unit.site.stop()


async def test_while_a_transaction_runs_it_is_neither_opened_nor_closed_and_nothing_is_tried(tmp):
    settings = with_label(HOME, after_s=5, idle_s=5)
    unit = await Unit(tmp, settings, air={}).start(True)
    await unit.charge()
    await unit.site.talk(6000)
    assert not unit.is_open() and unit.provisioning.running()
    tries = unit.station.tries
    assert await unit.provisioning.apply(NEW) == "a transaction runs" and unit.station.tries == tries
    assert unit.provisioning.state == "failed" and unit.saved() == settings
    await unit.end()
    assert unit.is_open()
    await unit.connect()
    await unit.charge()
    await unit.site.talk(6000)
    assert unit.kernel["wifi"].online.value and unit.provisioning.running() and unit.is_open()
    await unit.site.stop()


async def test_a_radio_that_refuses_is_tried_again_and_nothing_else_fails(tmp):
    unit = Unit(tmp, with_label({}))
    unit.radio.access_point.unknown_error = 0x101
    await unit.start()
    await unit.site.run(30000)
    assert not unit.is_open() and any("access point is not open" in line for line in unit.site.tail.lines)
    unit.radio.access_point.unknown_error = None
    await unit.site.run(60000)
    assert unit.is_open() and not [part.name for part in unit.kernel.parts if part.failures]
    await unit.site.stop()
