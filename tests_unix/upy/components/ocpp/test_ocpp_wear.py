"""Floods of commands: what the central system can have written is bounded, told, and comes back with time."""

import os

import certificates_site
from certificates_site import MANUFACTURER, authority
from charging_profiles import profile
from construct import construct
from ocpp_site import NOON, Central, Site

from components.ocpp.certificates.files import Files
from core.isotime import format_utc
from drivers.filesink import FileSink

BURST, PER_HOUR = 60, 60
BUDGET = {"writes_burst": BURST, "writes_per_hour": PER_HOUR}
PROFILES = (
    ("components.station.local_list:LocalList", {}),
    ("components.station.reservation:Reservation", {}),
    ("components.station.limits:SmartCharging", {}),
    ("components.ocpp.firmware:Firmware", {}),
    ("components.ocpp.log_upload:LogUpload", {}),
)
LATER = format_utc(NOON + 9 * 3600000)
ONCE = {"retries": 1, "retryInterval": 0}


def log_of(n):
    return {"remoteLocation": "http://127.0.0.1:1/%d" % n}


# {what is asked: (payload of the n-th one, which is another one each time, status of a refusal or code of a CALLERROR)}
FLOODS = {
    "ChangeConfiguration": (lambda n: {"key": "MeterValueSampleInterval", "value": str(60 + n)}, "Rejected"),
    "ChangeAvailability": (
        lambda n: {"connectorId": 1, "type": "Inoperative" if n % 2 == 0 else "Operative"}, "Rejected"
    ),
    "ReserveNow": (
        lambda n: {"connectorId": 1, "expiryDate": LATER, "idTag": "T%d" % n, "reservationId": 1}, "Rejected"
    ),
    "SetChargingProfile": (lambda n: {"connectorId": 0, "csChargingProfiles": profile(7, 10 + n)}, "Rejected"),
    "SendLocalList": (
        lambda n: {
            "listVersion": n + 1,
            "updateType": "Differential",
            "localAuthorizationList": [{"idTag": "T%d" % n, "idTagInfo": {"status": "Accepted"}}],
        },
        "Failed",
    ),
    "GetDiagnostics": (lambda n: dict({"location": "http://127.0.0.1:1/%d" % n}, **ONCE), "GenericError"),
    "GetLog": (lambda n: dict({"log": log_of(n), "logType": "DiagnosticsLog", "requestId": n}, **ONCE), "Rejected"),
    "UpdateFirmware": (
        lambda n: dict({"location": "http://127.0.0.1:1/%d" % n, "retrieveDate": format_utc(NOON)}, **ONCE),
        "GenericError",
    ),
    "Reset": (lambda n: {"type": "Soft" if n % 2 else "Hard"}, "Rejected"),
}  # fmt: skip


async def made(tmp, **options):
    site = Site(tmp, profiles=PROFILES, services={"sink": construct(FileSink, tmp)}, **dict(BUDGET, **options))
    site.station.reset = lambda kind: site.exits.append(kind)
    site.events = []
    site.ocpp.report_to(lambda type, info="": site.events.append((type, info)))
    await site.power_on()
    await site.connect(Central())
    return site


async def ask(site, action, payload):
    """The answer to a CALL: its status, "" if it has none, or the code of its CALLERROR."""
    central = site.central
    central.results.clear()
    central.calls.clear()
    answer = await central.call(action, payload)
    while answer is None:
        await site.run(50)
        answer = central.results[0][2] if central.results else None
    if isinstance(answer, dict):
        site.ocpp.dispatcher.check_answer(action, answer)
        return answer.get("status", "")
    return answer


def written(site):
    """Blocks that were erased: for the journal, and for the file of the local list."""
    return site.store.erases + site.profiles[0].file.bytes // 4096


async def flood(site, action, start, count=150):
    """Answers to so many different commands in a row, and the erases for them."""
    payload, _ = FLOODS[action]
    before, answers = written(site), []
    for n in range(start, start + count):
        answers.append(await ask(site, action, payload(n)))
    await site.run(5000)
    return answers, written(site) - before


async def end(site):
    await site.profiles[3].stop()
    await site.profiles[4].stop()
    await site.power_off()


async def test_a_flood_of_each_command_writes_no_more_than_the_budget_and_is_reported(tmp):
    for at, action in enumerate(FLOODS):
        home = "%s/%d" % (tmp, at)
        os.mkdir(home)
        site = await made(home)
        answers, erases = await flood(site, action, 1)
        refusal = FLOODS[action][1]
        assert answers[0] != refusal and answers.count(refusal) > 60, (action, answers)
        first = answers.index(refusal)
        assert set(answers[first + 20 :]) == {refusal}, (action, answers)
        assert erases <= BURST + 20, (action, erases)
        assert action != "SendLocalList" or answers.count("Accepted") <= BURST // 5, "each writes the whole list"
        told = [info for type, info in site.events if type == "MemoryExhaustion"]
        assert len(told) == 1 and action in told[0], (action, site.events)
        (line,) = [line for line in site.ocpp.describe() if "Writes for commands" in line]
        assert "of 60 left, %d refused" % answers.count(refusal) in line
        await end(site)


async def test_it_comes_back_with_time_and_others_go_on_meanwhile(tmp):
    site = await made(tmp)
    answers, _ = await flood(site, "ChangeConfiguration", 1, 100)
    assert answers[-1] == "Rejected"
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000)
    assert site.ocpp.transaction is not None, "money goes on"
    number = site.ocpp.transaction.id
    assert (await site.central.call("RemoteStopTransaction", {"transactionId": number})) == {"status": "Accepted"}
    await site.run(10 * 60000)
    answers, erases = await flood(site, "ChangeConfiguration", 1000, 40)
    assert answers[:9] == ["Accepted"] * 9 and answers[-1] == "Rejected" and erases < 15
    await site.run(2 * 3600000)
    answers, _ = await flood(site, "ChangeConfiguration", 2000, 40)
    assert set(answers) == {"Accepted"}
    await end(site)


async def test_what_is_as_it_was_is_not_written_and_costs_nothing(tmp):
    site = await made(tmp)
    same = {
        "ChangeConfiguration": {"key": "HeartbeatInterval", "value": "77"},
        "ChangeAvailability": {"connectorId": 0, "type": "Operative"},
        "ReserveNow": FLOODS["ReserveNow"][0](1),
        "SetChargingProfile": FLOODS["SetChargingProfile"][0](1),
        "ClearCache": {},
    }
    for action in same:
        assert await ask(site, action, same[action]) == "Accepted"
    await site.run(1000)
    records, left = site.store.records, site.ocpp.writes.left
    for _ in range(200):
        for action in same:
            assert await ask(site, action, same[action]) == "Accepted"
    assert site.store.records == records and site.ocpp.writes.left >= left
    await end(site)


async def test_a_list_that_is_there_already_is_not_written_again(tmp):
    site = await made(tmp, writes_burst=1000)
    entries = [{"idTag": "T%d" % n, "idTagInfo": {"status": "Accepted"}} for n in range(9)]
    whole = {"listVersion": 4, "updateType": "Full", "localAuthorizationList": entries}
    assert await ask(site, "SendLocalList", whole) == "Accepted"
    file = site.profiles[0].file
    before = file.bytes
    for _ in range(20):
        assert await ask(site, "SendLocalList", dict(whole, localAuthorizationList=list(entries))) == "Accepted"
    assert file.bytes == before and (file.version, file.count) == (4, 9)
    other = dict(whole, localAuthorizationList=entries[:8] + [{"idTag": "T8", "idTagInfo": {"status": "Blocked"}}])
    assert await ask(site, "SendLocalList", other) == "Accepted"
    assert file.bytes > before
    await end(site)


async def test_intervals_of_BootNotification_answers(tmp):
    """They are a configuration key that is written; a central system with a new one each time is given up to follow."""
    site = await made(tmp)
    interval = []

    def answer(payload):
        interval.append(300 + len(interval))
        return {"status": "Accepted", "currentTime": format_utc(site.central.utc_ms()), "interval": interval[-1]}

    site.central.answers["BootNotification"] = answer
    before = site.store.erases
    for _ in range(150):
        site.ocpp.boot.ask()
        await site.run(300)
    assert len(interval) == 150 and site.store.erases - before <= BURST + 5
    assert 300 < site.ocpp.configuration["HeartbeatInterval"] < 400
    await end(site)


async def test_a_restart_gives_no_new_budget(tmp):
    """A Reset is a command, too. A power cut is none."""
    site = await made(tmp)
    await flood(site, "ChangeConfiguration", 1, 100)
    await site.ocpp.stop()
    await end(site)
    site = await made(tmp)
    answers, _ = await flood(site, "ChangeConfiguration", 1000, 20)
    assert answers.count("Accepted") <= 3
    await site.run(2 * 3600000)
    await site.ocpp.stop()
    assert site.store.get("ocpp/writes") is None, "nothing is kept that says nothing"
    await end(site)


async def test_certificates(tmp):
    site = await certificates_site.booted(tmp, **BUDGET)
    root = await authority("Maker")
    writes = []
    write, remove = Files.write, Files.remove
    Files.write = lambda self, name, blocks: (writes.append(name), write(self, name, blocks))[1]
    Files.remove = lambda self, name: (writes.append(name), remove(self, name))[1]
    try:
        assert await site.install(root.text, MANUFACTURER) == "Accepted"
        records, count = site.store.records, len(writes)
        for _ in range(10):
            assert await site.install(root.text, MANUFACTURER) == "Accepted"
        assert (site.store.records, len(writes)) == (records, count), "it was there"
        answers = []
        for _ in range(20):
            (listed,) = await site.listed(MANUFACTURER) or [None]
            if listed is not None:
                answers.append(await site.delete(listed))
            answers.append(await site.install(root.text, MANUFACTURER))
        assert answers[-1] in ("Rejected", "Failed") and len(writes) < 30, (answers, len(writes))
    finally:
        Files.write, Files.remove = write, remove
