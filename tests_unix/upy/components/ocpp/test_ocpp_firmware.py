"""Firmware updates on the virtual clock: their time, their order, what is kept across restarts and while offline."""

import hashlib

from firmware_site import ALL, IMAGE, Life, started
from ocpp_site import NOON, Central

from core.isotime import format_utc
from core.kernel import RESTART


async def test_an_update_from_the_order_to_Installed(tmp):
    life = await started(tmp)
    await life.update()
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL) and life.site.exits == [(RESTART, "firmware update")]
    assert life.central.states()[-1] == "Unavailable" and life.central.states(0)[-1] == "Unavailable"
    await life.firmware.stop()
    await life.site.run(1000)  # the charge point may go on until it is stopped itself
    assert life.told() == list(ALL), "whether the image runs is known after the restart"
    await life.end()
    life = await Life(tmp, life.server).start()
    await life.site.run(5000)
    assert life.told() == [] and life.sink.pending(), "not before the trial is over"
    life.sink.confirm()
    await life.until_told("Installed")
    assert life.image() == IMAGE and life.central.states() == ["Available"]
    await life.end()
    life = await Life(tmp, life.server).start()  # told once
    await life.site.run(5000)
    assert life.told() == []
    await life.end()
    await life.server.stop()


async def test_a_restart_without_confirmation_is_an_InstallationFailed(tmp):
    life = await started(tmp)
    await life.update()
    await life.until(lambda: life.site.exits)
    await life.end()
    life = await Life(tmp, life.server).start(online=False)
    await life.site.run(60000)
    await life.end()
    life = await Life(tmp, life.server).start()
    await life.until_told("InstallationFailed")
    assert life.sink.image is None
    await life.end()
    await life.server.stop()


async def test_a_power_cut_right_before_the_activation_is_an_InstallationFailed(tmp):
    life = await started(tmp)

    def cut():
        raise OSError("the power is gone")  # and nothing after it is written: see below

    life.sink._activate = cut
    commit = life.site.store.commit

    def no_more(changes=None, **rest):
        if changes and changes.get("ocpp/fw", 0) is None and life.firmware.update.status == "Installing":
            raise life.site.store.Error("the power is gone")
        commit(changes, **rest)

    life.site.store.commit = no_more
    await life.update()
    await life.until(lambda: life.site.lines("the power is gone"))
    await life.end()
    life = await Life(tmp, life.server).start()
    await life.until(lambda: "InstallationFailed" in life.told())
    assert life.sink.image is None and life.site.ocpp.availability.operative(1)
    await life.end()
    await life.server.stop()


async def test_the_retrieveDate_is_waited_for_across_restarts(tmp):
    life = await started(tmp)
    await life.update(retrieveDate=format_utc(NOON + 600000))
    await life.site.run(100000)
    assert life.server.asked == [] and life.told() == []
    await life.central.call("UpdateFirmware", {"location": "x"})  # what is broken replaces nothing
    await life.end()
    central = Central()
    life = await Life(tmp, life.server, central=central).start(online=False)
    await life.site.run(700000)
    assert life.server.asked == [], "nobody knows what time it is"
    central.start_ms = NOON + 500000 - 700000
    await life.site.connect(central)
    await life.site.run(90000)
    assert life.server.asked == []
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL)
    await life.end()
    await life.server.stop()


async def test_installation_waits_for_a_transaction_and_for_a_plug_that_is_awaited(tmp):
    life = await started(tmp)
    site = life.site
    site.ocpp.present_tag("TAG")  # ConnectionTimeOut: 60 s
    await life.update()
    await life.until_told("Downloading", "Downloaded")
    site.plug_in()
    await site.run(300000)
    assert site.ocpp.transaction is not None and site.exits == []
    site.ocpp.present_tag("TAG")
    await life.until(lambda: site.exits)
    site.ocpp.present_tag("OTHER")
    await site.run(5000)
    assert site.ocpp.transaction is None and life.central.of("StopTransaction")[0]["reason"] == "Local"
    await life.end()
    await life.server.stop()


async def test_what_happens_offline_is_reported_in_order_and_once(tmp):
    life = await started(tmp)
    await life.update(retrieveDate=format_utc(NOON + 30000))
    await life.site.disconnect()
    await life.until(lambda: life.site.exits)
    assert life.told() == []
    await life.end()
    silent = Central()
    silent.answers["FirmwareStatusNotification"] = None  # takes what it never answers
    life = await Life(tmp, life.server, central=silent).start()
    await life.site.run(20000)
    assert life.told() == ["Downloading"]
    await life.site.disconnect()
    life.sink.confirm()
    repeated = [message_id for message_id, action, _ in silent.calls if action.startswith("Firmware")][0]
    life.central = Central()
    await life.site.connect(life.central)
    await life.until_told(*(ALL + ("Installed",)))
    again = [message_id for message_id, action, _ in life.central.calls if action.startswith("Firmware")]
    assert again[0] == repeated and len(set(again)) == 4
    await life.end()
    await life.server.stop()


async def test_a_central_system_that_refuses_a_notification_or_never_answers_gets_the_next(tmp):
    life = await started(tmp)
    life.central.answers["FirmwareStatusNotification"] = "NotSupported"
    life.server.status["/image"] = 404
    await life.update()
    await life.until(lambda: life.site.lines("DownloadFailed") and not len(life.firmware.notices()))
    assert len(life.site.lines("was not taken: NotSupported")) == 2
    life.central.answers["FirmwareStatusNotification"] = None
    await life.update()
    await life.until(lambda: len(life.site.lines("was not taken: timeout")) == 2)
    await life.end()
    await life.server.stop()


async def test_a_second_order_replaces_the_first_until_it_is_installed(tmp):
    life = await started(tmp)
    life.server.files["/other"] = b"other" * 2000
    life.server.status["/image"] = 503
    await life.update(retrieveDate=format_utc(NOON + 3600000))
    await life.update(retries=9, retryInterval=1000)
    await life.until(lambda: life.server.asked)
    await life.update("/other")
    await life.until(lambda: life.site.exits)
    assert life.told() == ["Downloading"] + list(ALL)
    asked = len(life.server.asked)
    await life.update()  # too late
    await life.site.run(60000)
    assert len(life.server.asked) == asked and life.site.lines("UpdateFirmware ignored")
    await life.end()
    with open(tmp + "/update/slot0", "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(b"other" * 2000).digest()
    await life.server.stop()


async def test_while_an_image_is_on_trial_nothing_is_fetched(tmp):
    life = await started(tmp)
    await life.update()
    await life.until(lambda: life.site.exits)
    await life.end()
    life = await Life(tmp, life.server).start()
    asked = len(life.server.asked)
    await life.update("/image")  # ignored: the former one is not over
    await life.site.run(30000)
    assert len(life.server.asked) == asked and life.site.lines("ignored")
    life.sink.confirm()
    await life.until_told("Installed")
    await life.end()
    await life.server.stop()


async def test_it_is_announced_and_shown(tmp):
    life = await started(tmp)
    assert life.site.ocpp.get("SupportedFeatureProfiles")[0][1] == "Core,FirmwareManagement"
    life.server.status["/image?key=secret"] = 503
    location = life.server.url.replace("//", "//user:secret@") + "/image?key=secret"
    await life.update(location=location, retries=2, retryInterval=100)
    await life.until(lambda: life.told())
    shown = " ".join(life.site.ocpp.describe())
    assert "Firmware: update: " in shown and "secret" not in shown and not life.site.lines("secret")
    await life.end()
    await life.server.stop()


async def test_so_many_notifications_wait_and_no_more(tmp):
    """The one that may be under way stays, and so do the newest."""
    life = await started(tmp)
    notices = life.firmware.notices
    await life.site.disconnect()
    for number in range(20):
        notices().add("FirmwareStatusNotification", {"status": "Idle" if number < 19 else "Installed"})
    assert len(notices()) == 12 and life.site.lines("one is given up")
    life.central = Central()
    await life.site.connect(life.central)
    await life.until(lambda: not len(notices()))
    assert life.told() == ["Idle"] * 11 + ["Installed"]
    await life.end()
    await life.server.stop()


async def test_a_journal_that_refuses_stops_neither_the_charge_point_nor_the_update_for_good(tmp):
    life = await started(tmp)
    site = life.site
    await life.update(retrieveDate=format_utc(NOON + 5000))
    commit = site.store.commit

    def refuse(changes=None, **rest):
        raise site.store.Error("the journal is full")

    site.store.commit = refuse
    await life.until(lambda: site.lines("the end of the update cannot be journaled"))
    await site.run(30000)
    assert life.server.asked == [] and not site._tasks[0].done()
    site.store.commit = commit
    await life.until(lambda: site.exits)
    assert life.told() == list(ALL)
    await life.end()
    await life.server.stop()
