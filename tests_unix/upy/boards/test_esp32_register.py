"""The energy register of the reference board over a power cut, with the journal and NVS as they were at that moment."""

import os

from construct import construct
from esp32_site import Site
from esp32_standins import Device
from journals import Kernel, opened
from virtual_clock import VirtualClock

from boards import rivot_esp32 as board
from components.meter.energy import Energy
from components.meter.kept import KeptRegister
from core.log import Log, LogTail
from core.signals import Signal
from drivers.nvs import Nvs

HEAPSIZE = "16M"
BUS = "on_chip"


async def test_a_power_cut_takes_20_Wh_and_a_session_wears_no_file(tmp):
    """90 s at 3.8 kW without a sample: 95 Wh, all of which a power cut took."""
    home, after = tmp + "/before", tmp + "/after"
    site = await Site(board, home, BUS, BUS).start()
    await site.talk(1500)
    site.permit()
    site.amps = 50
    await site.talk(600)
    store, nvs = site.kernel["store"], site.hardware.device.nvs
    records, writes = store.records, nvs.writes
    await site.talk(90000)
    mwh = site.kernel["meter"].energy_mwh.value
    assert mwh > 94000 and store.records == records and nvs.writes - writes == 4, (mwh, nvs.writes - writes)
    os.mkdir(after)
    os.mkdir(after + "/state")
    with open(home + "/state/journal", "rb") as file:
        journal = file.read()
    with open(after + "/state/journal", "wb") as file:
        file.write(journal)
    kept = dict(nvs.committed)
    await site.stop()
    again = await Site(board, after, BUS, BUS, kept=kept).start()
    found = again.kernel["meter"].energy_mwh.value
    assert mwh - 20000 - 1000 - 500 <= found <= mwh, (mwh, found)
    assert again.kernel["meter"].read() == found
    await again.stop()
    failures = [(part.name, part.last_error) for part in again.kernel.parts if part.failures]
    assert not failures, failures


class Meter:
    """What a KeptRegister needs of the meter, over a real journal."""

    def __init__(self, energy, register):
        self.energy_mwh = register
        self.keep_by = energy.keep_by


async def kept(home, *wh, journaled=None, scope=None):
    """(energy, log) of a charger whose NVS and journal hold these numbers, if they are given one.

    scope: this register is that of the first scope of the board.
    """
    clock = VirtualClock()
    register = Signal(0, clock)
    store = await opened(home)
    if journaled:
        store.put("register", journaled)
    energy = Energy(clock, store, register, 10000)
    energy.load()
    tail = LogTail(clock, None)
    if wh:
        construct(Nvs).put_number("register", wh[0])
    kernel = Kernel()
    nvs = construct(Nvs)
    if scope:
        nvs = nvs.scoped(scope, True)
    await KeptRegister(Meter(energy, register), nvs, kernel, Log(tail, "register")).start()
    return energy, kernel, tail


async def test_what_is_in_nvs_counts_only_just_ahead_of_the_journal(tmp):
    for wh, found, words in ((700, 700000, "ahead of"), (1500, 1000, "not taken"), (0, 1000, ""), (None, 1000, "")):
        Device().install()
        energy, _, tail = await kept(tmp + "/" + str(wh), *([] if wh is None else [wh]), journaled=1000)
        assert energy.changes()[0] == found
        assert [words in line for line in tail.lines] == ([True] if words else []), tail.lines


async def test_a_register_that_only_nvs_still_has_goes_on(tmp):
    """The files were made anew: it must not begin at 0 again, nor may NVS forget what it was."""
    Device().install()
    energy, _, tail = await kept(tmp, 5432100)
    assert energy.changes()[0] == 5432100000 and "ahead of" in tail.lines[0]
    await save(energy, 5432130000)
    assert energy._store.get("register") == 5432130000
    await save(energy, 5432160999)
    assert construct(Nvs).get_number("register") == 5432160


async def test_a_device_whose_board_has_one_and_two_outlets_in_turn_goes_on_from_the_largest(tmp):
    """Each time NVS is 30 Wh ahead of the journal. The copy under the other board's name is older, or the only one."""
    Device().install()
    wh = 1000
    for turn, scope in enumerate((None, "1", None, "1", "1", None)):
        energy, _, tail = await kept(tmp + "/" + str(turn), journaled=1000 * wh - 30000, scope=scope)
        assert energy.changes()[0] == 1000 * (wh if turn else wh - 30), (turn, energy.changes()[0])
        wh += 100
        await save(energy, 1000 * wh)
    energy, _, tail = await kept(tmp + "/other", scope="1")
    assert energy.changes()[0] == 1000 * wh, "with a journal that was lost, too"


async def save(energy, mwh):
    energy.energy_mwh.set(mwh)
    await energy._clock.advance(11000)
    energy.save_if_due()


async def test_nvs_takes_it_by_name(tmp):
    Device().install()
    energy, kernel, tail = await kept(tmp)
    await save(energy, 30999)
    assert construct(Nvs).get_number("register") == 30 and energy._store.get("register") is None
    assert sorted(kernel.urgent.longest) == ["NVS"] and not tail.lines


async def test_an_nvs_that_refuses_leaves_it_to_the_journal(tmp):
    Device().install()
    other = Nvs("other")
    try:
        for key in range(1000):
            other.put_number("k%d" % key, 1)
        raise AssertionError("it is never full")
    except OSError:
        pass
    energy, _, tail = await kept(tmp)
    for mwh in (30000, 60000):
        await save(energy, mwh)
        assert energy._store.get("register") == mwh
    assert construct(Nvs).get_number("register") is None and len(tail.lines) == 1 and "not written" in tail.lines[0]
