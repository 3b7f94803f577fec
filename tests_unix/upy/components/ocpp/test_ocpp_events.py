"""Security events: in the log, told in order, also later; floods are counted."""

from ocpp_site import NOON, Central, Site, booted

from components.ocpp.security.events import is_critical

SECURITY = (("components.ocpp.security:Security", {"keep": 10}),)
TOLD = "SecurityEventNotification"


def told(central):
    return [payload["type"] for payload in central.of(TOLD)]


async def test_the_start_is_reported_with_the_time_it_had(tmp):
    site = Site(tmp, profiles=SECURITY, firmware_version="7.1")
    await site.power_on()
    await site.run(3600000)  # an hour without network, and without the time
    central = Central()
    await site.connect(central)
    await site.run(1000)
    assert central.actions()[0] == "BootNotification"
    assert central.of(TOLD) == [
        {"type": "StartupOfTheDevice", "timestamp": "2027-01-15T12:00:00.000Z", "techInfo": "7.1"}
    ]


async def test_what_happens_offline_is_reported_in_order_after_a_power_cut(tmp):
    site = await booted(tmp, profiles=SECURITY)
    await site.run(1000)
    await site.disconnect()
    for number in range(3):
        site.ocpp.security_event("InvalidFirmwareSignature", str(number))
        await site.run(1000)
    await site.power_off()
    site = Site(tmp, profiles=SECURITY)
    await site.power_on()
    central = Central(NOON + 600000)
    await site.connect(central)
    await site.run(2000)
    assert told(central) == ["InvalidFirmwareSignature"] * 3 + ["StartupOfTheDevice"]
    assert [payload["techInfo"] for payload in central.of(TOLD)[:3]] == ["0", "1", "2"]
    stamps = [payload["timestamp"] for payload in central.of(TOLD)]
    assert stamps == sorted(stamps) and stamps[0].startswith("2027-01-15T12:00:01")
    assert central.repeated == 0


async def test_an_event_that_is_not_answered_is_reported_again_under_the_same_id(tmp):
    site = Site(tmp, profiles=SECURITY)
    await site.power_on()
    central = Central()
    central.answers[TOLD] = None
    await site.connect(central)
    await site.run(31000)  # it times out
    del central.answers[TOLD]
    await site.run(60000)
    ids = {call[0] for call in central.calls if call[1] == TOLD}
    assert told(central) == ["StartupOfTheDevice"] * 2 and len(ids) == 1
    await site.run(120000)
    assert len(told(central)) == 2


async def test_a_central_system_that_does_not_know_them_is_asked_once_a_connection(tmp):
    site = Site(tmp, profiles=SECURITY)
    await site.power_on()
    for type in ("InvalidFirmwareSignature", "FirmwareUpdated"):
        site.ocpp.security_event(type)
    asked = []
    central = Central()
    central.answers[TOLD] = lambda payload: asked.append(payload["type"]) or "NotImplemented"
    await site.connect(central)
    await site.run(1000)
    site.ocpp.security_event("FirmwareUpdated")
    await site.run(60000)
    assert asked == ["StartupOfTheDevice"]
    assert len(list(site.profiles[0].log_lines())) == 4  # the log has them all
    await site.disconnect()
    site.ocpp.security_event("FirmwareUpdated", "again")
    central = Central()
    await site.connect(central)
    await site.run(1000)
    assert told(central) == ["FirmwareUpdated"]


async def test_a_flood_is_counted(tmp):
    site = await booted(tmp, profiles=SECURITY)
    await site.run(1000)
    records = site.store.records
    for _ in range(1000):
        await site.central.give("rubbish")
    await site.run(5000)
    assert told(site.central) == ["StartupOfTheDevice"] + ["InvalidMessages"] * 10
    assert site.store.records - records <= 22
    site.ocpp.security_event("FirmwareUpdated")  # another one is not held back
    await site.run(600000)
    last = site.central.of(TOLD)[-1]
    assert last["type"] == "InvalidMessages" and last["techInfo"].startswith("990 more")
    assert told(site.central)[-2] == "FirmwareUpdated"
    await site.run(3600000)
    assert len(told(site.central)) == 13  # no more of them, nothing more to tell


async def test_the_queue_is_bounded_and_what_is_critical_stays(tmp):
    site = Site(tmp, profiles=SECURITY)
    await site.power_on()
    site.ocpp.security_event("FirmwareUpdated", "early")
    for number in range(50):
        site.ocpp.security_event("Type%d" % number)
    central = Central()
    await site.connect(central)
    await site.run(5000)
    assert told(central) == ["StartupOfTheDevice", "FirmwareUpdated"] + ["Type%d" % n for n in range(20, 50)]
    assert "20 lost" in "".join(site.ocpp.describe())
    assert len(list(site.profiles[0].log_lines())) == 10


async def test_the_log_is_a_ring_with_times(tmp):
    site = await booted(tmp, profiles=SECURITY)
    for minute in range(12):
        site.ocpp.security_event("Type%d" % minute, "x" * 300)
        await site.run(60000)
    lines = list(site.profiles[0].log_lines())
    assert len(lines) == 10 and "Type2 xxx" in lines[0] and "Type11 xxx" in lines[-1]
    some = list(site.profiles[0].log_lines(NOON + 5 * 60000, NOON + 7 * 60000))
    assert [line.split()[2] for line in some] == ["Type5", "Type6"]
    assert max([len(payload["techInfo"]) for payload in site.central.of(TOLD)]) == 255
    await site.power_off()
    site = Site(tmp, profiles=SECURITY)
    await site.power_on()
    assert list(site.profiles[0].log_lines())[:-1] == lines[1:]


async def test_offsets_of_old_runs_go_with_their_last_stamp(tmp):
    """The log always has a stamp from before the time was known: the journal must not grow with every start."""
    for _ in range(15):
        site = await booted(tmp, profiles=SECURITY)
        await site.run(1000)
        await site.power_off()
    assert len(site.store.keys("ocpp/utc/")) <= 11


async def test_a_correction_of_the_time_is_an_event_a_drift_is_not(tmp):
    site = await booted(tmp, profiles=SECURITY)
    site.central.start_ms += 3000
    await site.run(400000)
    assert "SettingSystemTime" not in told(site.central)
    site.central.start_ms += 3600000
    await site.run(400000)
    last = site.central.of(TOLD)[-1]
    assert last["type"] == "SettingSystemTime"
    assert last["techInfo"].startswith("from 2027-01-15T12:1") and " to 2027-01-15T13:1" in last["techInfo"]


async def test_the_same_call_twice(tmp):
    site = await booted(tmp, profiles=SECURITY)
    for _ in range(2):
        await site.central.give([2, "once", "ClearCache", {}])
        await site.run(500)
    assert told(site.central)[-1] == "AttemptedReplayAttacks"


async def test_a_message_for_which_there_is_no_memory(tmp):
    site = await booted(tmp, profiles=SECURITY)

    def no_memory(payload):
        raise MemoryError

    site.ocpp.core.clear_cache = no_memory
    await site.central.call("ClearCache", {})
    await site.run(500)
    assert "MemoryExhaustion" in told(site.central)


async def test_a_journal_that_cannot_be_written_stops_nothing(tmp):
    site = await booted(tmp, profiles=SECURITY)
    commit, error = site.store.commit, site.store.Error

    def broken(*_, **__):
        raise error("no space")

    site.store.commit = broken
    site.ocpp.security_event("FirmwareUpdated")
    site.store.commit = commit
    assert "1 lost" in "".join(site.ocpp.describe()) and site.lines("a security event is lost: no space")


async def test_the_end_is_recorded(tmp):
    site = await booted(tmp, profiles=SECURITY)
    site.kernel.exit_reason = "Reset Hard"
    await site.profiles[0].stop()
    assert "critical ResetOrReboot Reset Hard" in list(site.profiles[0].log_lines())[-1]


def test_which_are_critical():
    critical = (
        "FirmwareUpdated SettingSystemTime StartupOfTheDevice ResetOrReboot SecurityLogWasCleared MemoryExhaustion "
        "TamperDetectionActivated"
    ).split()
    assert all(map(is_critical, critical))
    assert not any(map(is_critical, ("InvalidMessages", "InvalidTLSVersion", "Anything")))
