"""The charge log: each session once, whatever comes between its end and its record."""

import os

from flash import Flash, Mounted
from ocpp_site import NOON, Site, booted, session

from components.charge_log import ring
from core.isotime import format_utc

USE = "components.charge_log:ChargeLog"
HEADING = (
    "number,outlet,id_tag,start,stop,wh,max_w,reason,refused,offline,start_uptime_s,stop_uptime_s\r\n"
)  # fmt: skip


def site_of(home, **options):
    """A station without a central system, which keeps a charge log."""
    given = {name: options.pop(name) for name in ("keep", "dir") if name in options}
    site = Site(home, dialect=None, profiles=((USE, given),), **options)
    site.charges = site.profiles[0]
    return site


async def ready(home, known=True, **options):
    site = site_of(home, **options)
    await site.power_on()
    site.station.set("AllowOfflineTxForUnknownId", "true")
    if known:
        site.station.stamps.learn(NOON)
    return site


async def charge(site, tag="TAG", ms=36000):
    """A session at outlet 1: 10 kW."""
    site.charger.power_mw.set(0)
    site.plug_in()
    await site.run(500)
    site.station.present(tag)
    for mw in (9000000, 10000000, 8000000):
        site.charger.power_mw.set(mw)
        site.charges.tick(1)
        await site.run(ms // 3)
    site.station.present(tag)
    site.charger.power_mw.set(0)
    await site.run(3000)
    site.unplug()
    await site.run(1000)


def rows(site, newest_first=False):
    return list(site.charges.table().rows(newest_first))


async def test_a_session_is_a_row_with_what_the_journal_says(tmp):
    site = await ready(tmp)
    assert rows(site) == [] and list(site.charges.table().csv()) == [HEADING]
    await charge(site)
    (row,) = rows(site)
    end = [event for event in site.station.journal.events() if event[0] == "E"][0]
    assert row == {
        "number": end[2], "outlet": 1, "id_tag": "TAG", "start": format_utc(NOON + 500)[:19] + "Z",
        "stop": format_utc(end[3])[:19] + "Z", "start_uptime_s": None, "stop_uptime_s": None, "wh": end[4],
        "max_w": 10000, "reason": "Local", "refused": False, "offline": True,
    }, row  # fmt: skip
    assert 95 <= row["wh"] <= 105, row
    assert os.stat(tmp + "/charges/0.log")[6] == 64
    await site.power_off()
    site = await ready(tmp)
    assert rows(site) == [row], "the next start adds nothing"
    await charge(site, "OTHER")
    assert [one["id_tag"] for one in rows(site)] == ["TAG", "OTHER"]
    assert [one["id_tag"] for one in rows(site, True)] == ["OTHER", "TAG"]
    (page,) = site.charges.page()
    assert page[1] % page[2] == "Charge log: 2 sessions, 0 are to be written, 0 lost"
    await site.power_off()


async def test_without_the_time_there_is_the_uptime(tmp):
    site = await ready(tmp, known=False)
    await charge(site)
    (row,) = rows(site)
    assert row["start"] is None and row["stop"] is None
    assert row["start_uptime_s"] == 0 and 36 <= row["stop_uptime_s"] <= 38, row
    await site.power_off()


async def test_what_the_central_system_says_is_in_the_row(tmp):
    site = await booted(tmp, profiles=((USE, {}),))
    site.charges = site.profiles[0]
    site.central.answers["StartTransaction"] = lambda payload: {
        "transactionId": 7, "idTagInfo": {"status": "Blocked"},
    }  # fmt: skip
    await session(site)
    row = rows(site)[0]
    assert (row["refused"], row["offline"], row["reason"]) == (True, False, "DeAuthorized"), row
    await site.power_off()


async def test_csv_is_quoted_as_RFC_4180_says(tmp):
    site = await ready(tmp)
    await charge(site, 'A,"B"')
    lines = list(site.charges.table().csv())
    assert lines[0] == HEADING and len(lines) == 2
    assert ',"A,""B""",' in lines[1] and lines[1].endswith(",10000,Local,false,true,,\r\n"), lines[1]
    await site.power_off()


async def test_the_last_ones_are_kept_in_segments(tmp):
    site = await ready(tmp, keep=64)
    folder = tmp + "/charges"
    await charge(site)
    with open(folder + "/0.log", "rb") as file:
        data = file.read()
    from components.charge_log.record import Record, row

    log = ring.Ring(folder, 64)
    number = row(data)["number"]
    for i in range(1, 200):
        record = Record(site.charges, number + i, 1, "TAG", NOON)
        record.end(NOON + 1000, i, "Local")
        log.append(record, False)
        if i % 50 == 0:
            log.append(record)  # it is there
        assert len(os.listdir(folder)) <= 2, os.listdir(folder)
    assert [one["wh"] for one in rows(site)] == list(range(136, 200))
    assert [one["wh"] for one in rows(site, True)] == list(range(199, 135, -1))
    assert sorted(os.listdir(folder)) == ["2.log", "3.log"]
    await site.power_off()


async def test_what_is_torn_or_damaged_is_left_out_and_nothing_is_written_behind_it(tmp):
    site = await ready(tmp)
    for tag in ("A", "B", "C"):
        await charge(site, tag)
    path = tmp + "/charges/0.log"
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[64 + 30] ^= 1
    with open(path, "wb") as file:
        file.write(data + b"torn")
    assert [row["id_tag"] for row in rows(site)] == ["A", "C"]
    await charge(site, "D")
    assert [row["id_tag"] for row in rows(site)] == ["A", "C", "D"]
    assert sorted(os.listdir(tmp + "/charges")) == ["0.log", "1.log"]
    await site.power_off()


async def test_a_medium_that_refuses_is_tried_again_and_no_session_is_there_twice(tmp):
    site = await ready(tmp)
    await charge(site, "A")
    os.rename(tmp + "/charges", tmp + "/away")
    with open(tmp + "/charges", "w"):
        pass  # no folder can be made there
    await charge(site, "B")
    assert rows(site) == [] and site.lines("the charge log cannot be written")
    os.remove(tmp + "/charges")
    os.rename(tmp + "/away", tmp + "/charges")
    await site.run(5000)
    site.charges.tick(1)
    await charge(site, "C")
    assert [row["id_tag"] for row in rows(site)] == ["A", "B", "C"]
    await site.power_off()


async def test_a_session_whose_end_is_not_known_any_more_is_told_as_that(tmp):
    """The power failed before the record was written, and the journal has given its end away since."""
    site = await ready(tmp)
    site.charges._write = lambda careful: None
    await charge(site, "A")
    site.store.queue("ocpp")
    while site.station.journal.oldest():
        site.station.journal.take(site.station.journal.oldest(), {})
    await site.power_off()
    site = await ready(tmp)
    (row,) = rows(site)
    assert (row["id_tag"], row["stop"], row["wh"], row["reason"]) == ("A", None, None, ""), row
    await site.power_off()
    site = await ready(tmp)
    assert len(rows(site)) == 1
    await site.power_off()


async def life(home, flash, power):
    """One session, at the end of which the power fails after `power` operations.

    Returns whether it did, and the flash as it is then: of the other one files are open, which are closed some time.
    """
    with Mounted(flash, home):
        site = await ready(home)
        site.plug_in()
        await site.run(500)
        site.station.present("TAG")
        await site.run(3000)
        flash.power = power
        site.station.present("TAG")
        for _ in range(10):
            await site.run(500)
            site.charges.tick(1)
        dead = flash.power == 0
        site.check_keeps = lambda: None
        try:
            await site.power_off()
        except OSError:
            pass
    left = Flash(48)
    left.data[:] = flash.data
    return dead, left


async def test_a_power_cut_at_any_write_of_the_end_leaves_each_session_once():
    power = cuts = 0
    dead = True
    while dead:
        flash = Flash(48)
        with Mounted(flash, "/cut", fresh=True) as home:
            site = await ready(home)
            await charge(site, "FIRST", 3000)
            await site.power_off()
        dead, flash = await life("/cut", flash, power)
        cuts += dead
        for _ in range(2):
            with Mounted(flash, "/cut") as home:
                site = await ready(home)
                await site.run(20000)
                site.charges.tick(1)
                ended = [event[2] for event in site.station.journal.events() if event[0] == "E"]
                found = [row["number"] for row in rows(site)]
                assert sorted(found) == sorted(ended), (power, rows(site), ended)
                for row in rows(site):
                    assert row["wh"] is not None and row["reason"] in ("Local", "PowerLoss"), (power, row)
                await site.power_off()
        power += 1
    assert cuts > 10, cuts


async def test_two_outlets_have_rows_of_their_own(tmp):
    site = await ready(tmp, outlets=2)
    for bay in site.bays:
        bay.plug_in()
    await site.run(500)
    site.station.start_transaction("A", 1)
    site.station.start_transaction("B", 2)
    await site.run(3000)
    site.station.outlets[1].transactions.stop("Remote")
    await site.run(1000)
    site.station.outlets[0].transactions.stop("Other")
    await site.run(1000)
    assert [(row["outlet"], row["id_tag"], row["reason"]) for row in rows(site)] == [
        (2, "B", "Remote"), (1, "A", "Other"),
    ]  # fmt: skip
    await site.power_off()
    site = await ready(tmp, outlets=2)
    assert len(rows(site)) == 2
    await site.power_off()




async def test_without_memory_at_the_end_of_a_transaction_it_is_written_later(tmp):
    site = await ready(tmp)
    write, asked = site.charges._write, []

    def refuses(careful):
        asked.append(careful)
        raise MemoryError

    site.charges._write = refuses
    await charge(site, "A")
    assert asked and rows(site) == []
    site.charges._write = write
    await site.run(5000)
    site.charges.tick(1)
    assert [row["id_tag"] for row in rows(site)] == ["A"]
    await site.power_off()
