"""A damaged journal that is kept gives its room back when the medium is full; a start on a full medium is no end."""

import os

from flash import Flash, Mounted
from journals import content, exists, lay, opened, places, restarted
from ocpp_site import Central, Site

from boards import rivot_esp32

HEAPSIZE = "8M"


def fill(home):
    """Fill the medium to the last block; returns the files that do it."""
    paths = []
    try:
        while True:
            paths.append(home + "/ballast%d" % len(paths))
            with open(paths[-1], "wb") as file:
                file.write(b"b" * 2000)
    except OSError:
        return paths


async def damaged(home):
    """A store that has found a lost record, and keeps the damaged file beside."""
    store = await restarted(home)
    for n in range(40):
        store.put("k%d" % n, "v" * 100)
    await store.stop()
    data = bytearray(content(home))
    at, length = places(data)[20]
    data[at : at + 2 * length] = bytes(2 * length)
    lay(home, data)
    return await restarted(home)


async def test_the_damaged_file_goes_when_a_commit_needs_its_room(tmp):
    flash = Flash(blocks=24)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await damaged(home)
        assert exists(home + "/state/journal.bad") and store.lost == 1
        fill(home)
        for n in range(12):
            store.put("more", "m" * 200 + str(n))
        assert not exists(home + "/state/journal.bad") and store.fault.value == ""
        assert any("kept is removed" in line for line in store.tail.lines)
        again = await opened(home)
        assert again.get("more").endswith("11") and again.get("k39") == "v" * 100
        await again.stop()
        await store.stop()


async def test_one_damaged_file_is_kept_at_most(tmp):
    flash = Flash(blocks=64)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await damaged(home)
        first = content(home, "journal.bad")
        await store.stop()
        store = await damaged(home)
        assert content(home, "journal.bad") != first and store.lost == 2
        assert sorted(os.listdir(home + "/state")) == ["journal", "journal.bad"]
        await store.stop()


async def test_a_start_on_a_full_medium_has_message_ids_of_its_own_and_begins_its_run_later(tmp):
    """Its number cannot be journaled, and the next run would have the same: so its ids have another salt."""
    flash = Flash(blocks=24)
    with Mounted(flash, "/flash", fresh=True) as home:
        site = Site(home)
        await site.power_on()
        for n in range(8):  # more than a file that littlefs keeps in its directory
            site.store.put("test%d" % n, "x" * 700)
        first = site.store.get("ocpp/run")
        ids = [site.ocpp.stamps.message_id() for _ in range(3)]
        await site.power_off()
        ballast = fill(home)
        site = Site(home)
        await site.power_on()
        assert site.store.get("ocpp/run") == first and site.store.fault.value == "the medium is full"
        central = Central()
        await site.connect(central)
        more = [site.ocpp.stamps.message_id() for _ in range(3)]
        assert not [one for one in more if one in ids or one.startswith(first[0])]
        try:
            site.ocpp.stamps.number()
            raise AssertionError("a number of a run that is not journaled")
        except site.store.Error:
            pass
        for path in ballast:
            os.remove(path)
        number = site.ocpp.stamps.number()
        run = site.store.get("ocpp/run")
        assert run[0] == first[0] and run[1] == first[1] + 1 == number // 10000000
        await site.power_off()


async def test_the_full_journal_of_the_reference_board_has_room_to_be_compacted(tmp):
    """In 224 KB, the least that its partition had (partitions-4MB.csv), beside a local list of 1,000 entries and a full
    charge log, whose segments have one block each (components/charge_log/ring.py).
    """
    options = [entry["options"] for entry in rivot_esp32.COMPONENTS if entry["name"] == "store"][0]
    flash = Flash(blocks=56)
    with Mounted(flash, "/flash", fresh=True) as home:
        store = await opened(home, **options)
        with open(home + "/state/locallist", "wb") as file:
            file.write(b"e" * 45000)
        os.mkdir(home + "/charges")
        for number in range(9):
            with open("%s/charges/%d.log" % (home, number), "wb") as file:
                file.write(b"s" * 4096)
        for turn in range(3):
            pushed = 0
            try:
                while True:
                    store.commit(push=(("messages", "m" * 250),))
                    pushed += 1
            except store.Full:
                pass
            assert pushed >= 100, pushed
            for n in range(60):
                store.put("register", turn * 100 + n)
            for _ in range(pushed):
                store.commit(pop=("messages",))
        assert store.fault.value == "" and store.compactions >= 3
        await store.stop()
