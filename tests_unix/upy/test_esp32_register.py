"""The energy register of the reference board over a power cut, with the journal and NVS as they were at that moment."""

import os

from esp32_site import Site

from boards import rivot_esp32 as board

HEAPSIZE = "16M"
BUS = "on_chip"


async def test_a_power_cut_takes_20_Wh_and_a_session_wears_no_file(tmp):
    """90 s at 3.8 kW without a sample: 95 Wh, all of which a power cut took."""
    home, after = tmp + "/before", tmp + "/after"
    site = await Site(board, home, BUS, BUS).start()
    await site.talk(1500)
    site.gate.limit_ma.set(200000)
    site.gate.transaction.set(True)
    site.amps = 50
    await site.talk(600)
    store, nvs = site.kernel["store"], site.hardware.device.nvs
    records, writes = store.records, nvs.writes
    await site.talk(90000)
    mwh = site.kernel["charger"].energy_mwh.value
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
    found = again.kernel["charger"].energy_mwh.value
    assert mwh - 20000 - 1000 - 500 <= found <= mwh, (mwh, found)
    assert again.kernel["charger"].read_register() == found
    await again.stop()
    failures = [(part.name, part.error) for part in again.kernel.parts if part.failures]
    assert not failures, failures
