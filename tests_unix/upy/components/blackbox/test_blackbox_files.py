"""What is kept of black boxes on the medium: how many, when it is written, through power cuts and a full medium."""

import gc
import os

from box_site import over_current, path_of, read, started
from flash import Flash, Mounted

from components.blackbox.files import clean

TIMEOUT_S = 300
HEAPSIZE = "16M"



def raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind:
        return True
    return False


async def test_the_last_three_are_kept(tmp):
    rig = await started(tmp)
    for _ in range(4):
        await over_current(rig)
    names = [name for name, _ in rig.blackbox.boxes()]
    assert names == ["box-000004.bin", "box-000003.bin", "box-000002.bin"]
    for name in names:
        assert read(path_of(rig, name))[0]["error"] == "OverCurrentFailure"
    for name in ("box-000001.bin", "../state/journal", "box.new", ""):
        for function in (rig.blackbox.read, rig.blackbox.lines):
            assert raises(KeyError, function, name), name
    await rig.stop()


async def test_nothing_is_written_while_an_outlet_charges(tmp):
    """The gate opens again at once: the box waits until it is closed; a second fault has no room and is counted."""
    rig = await started(tmp)
    await rig.charge()
    rig.charger.meter_failed(True)
    rig.charger.meter_failed(False)
    rig.module(amps=50.0, charging=True)
    rig.obeys = True
    await rig.advance(6000)
    assert rig.gate.enabled.value and rig.blackbox.boxes() == []
    rig.charger.meter_failed(True)
    rig.gate.transaction.set(False)
    assert rig.blackbox.missed == 1
    await rig.advance(4000)
    header, events = read(path_of(rig, rig.blackbox.boxes()[0][0]))
    assert events[-1][0] <= 3100
    await rig.stop()


async def test_an_orderly_stop_writes_what_waits(tmp):
    rig = await started(tmp)
    await rig.charge()
    rig.charger.meter_failed(True)
    await rig.stop()
    assert [name for name, _ in rig.blackbox.boxes()] == ["box-000001.bin"]


async def fault(rig):
    """A session with a fault; returns whether its box could be written."""
    missed = rig.blackbox.missed
    await rig.charge()
    rig.charger.meter_failed(True)
    rig.charger.meter_failed(False)
    rig.gate.transaction.set(False)
    rig.module()
    await rig.advance(5000)
    return rig.blackbox.missed == missed


def names_of(rig):
    """The names of its boxes; each can be read."""
    names = [name for name, _ in rig.blackbox.boxes()]
    for name in names:
        read(path_of(rig, name))
    return names


async def test_a_cut_at_any_operation_leaves_whole_boxes_only(tmp):
    """On littlefs: the power fails in the middle of each operation of the flash, one after the other."""
    flash = Flash(blocks=32)
    with Mounted(flash, "/flash", fresh=True):
        rig = await started(tmp, bytes=4096, reserve=0, after_ms=500, dir="/flash/box")
        for _ in range(3):
            assert await fault(rig)
    before = bytes(flash.data)
    old = ["box-000003.bin", "box-000002.bin", "box-000001.bin"]
    new = ["box-000004.bin"] + old
    operations, failed = 0, True
    while failed:
        flash.data[:] = before
        with Mounted(flash, "/flash"):
            flash.power = operations
            failed = not await fault(rig) or not flash.power
            flash.power = 0
        gc.collect()
        flash.power = None
        with Mounted(flash, "/flash"):
            clean(rig.blackbox.folder, 3)
            names = names_of(rig)
            assert names in (old, new[:3]), (operations, names)
            assert "box.new" not in os.listdir(rig.blackbox.folder)
            assert await fault(rig) and len(names_of(rig)) == 3
        operations += 1
    assert operations > 10 and names == new[:3], operations
    await rig.stop()


async def test_a_full_medium_costs_old_boxes_and_then_the_new_one(tmp):
    """What is reserved for others stays free, and it goes on noting."""
    flash = Flash(blocks=16)
    with Mounted(flash, "/flash", fresh=True) as home:
        rig = await started(tmp, bytes=4096, reserve=0, after_ms=500, dir="/flash/box")
        for _ in range(2):
            assert await fault(rig)
        free = os.statvfs(home)
        room = free[1] * free[4]
        rig.blackbox.reserve = room
        assert await fault(rig) and "box-000003.bin" in names_of(rig) and len(names_of(rig)) < 3
        rig.blackbox.reserve = room + 65536
        assert not await fault(rig) and names_of(rig) == []
        assert rig.logged("a black box is lost")
        rig.blackbox.reserve = 0
        assert await fault(rig) and len(names_of(rig)) == 1
        await rig.stop()
