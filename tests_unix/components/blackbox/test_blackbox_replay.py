"""Faults in real sessions of the simulator: each leaves a black box, of which the replay has it at the same moment."""

import asyncio
import base64
import os
import re
import sys

import pytest
from charging_site import TIMEOUT_S, Site, eventually
from two_outlet_site import TwoOutlets

from tools.blackbox import find
from tools.firmware import ROOT
from tools.selection import Selection
from tools.tricks import TRICKS

SAME, DIFFERENT, CANNOT = 0, 1, 2


async def replayed(path, *arguments, **environment):
    """(status, output) of ``make replay FILE=...``, but for its make."""
    command = [sys.executable, "-m", "tools.replay", *arguments, str(path)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def written(site, number=1):
    """The path of a box, once it is written."""
    path = site.home / "blackbox" / f"box-{number:06}.bin"
    await eventually(path.exists, "a black box", 2 * TIMEOUT_S)
    return path


async def check_the_same(path, *words):
    """It is the same, twice byte for byte, and its output has these."""
    status, text = await replayed(path)
    assert status == SAME and "THE SAME: " in text, text
    assert (status, text) == await replayed(path)
    for word in words:
        assert re.search(word, text), (word, text)
    return text


async def more_current(site):
    site.module.excess_a = 100.0


async def no_frames(site):
    site.module.silent = True


async def low_request(site):
    site.vehicle.max_v = 50.0


async def false_measurements(site):
    TRICKS["0 A before each measurement"](site)


async def hardware(site):
    site.module.hardware_failure = True


@pytest.mark.parametrize("provoke, cause, error", [
    (more_current, "gate closed", "OverCurrentFailure"),
    (no_frames, "gate closed", ""),
    (low_request, "gate closed", "the vehicle requests too low a voltage"),
    (false_measurements, "gate closed", "PowerMeterFailure"),
    (hardware, "gate closed", "PowerSwitchFailure"),
])  # fmt: skip
async def test_a_fault_is_replayed_at_the_same_moment(tmp_path, provoke, cause, error):
    """The record has the start of the firmware and all that came since: nothing of it is left to chance."""
    async with Site(tmp_path, pack="Classic") as site:
        await site.boot()
        await site.start_session("CARD-1")
        await site.current_flows()
        await provoke(site)
        await eventually(lambda: "charging disabled" in site.firmware.text, "the gate closes", 2 * TIMEOUT_S)
        await asyncio.sleep(0.5)
        await site.present("CARD-1")
        path = await written(site)
    text = await check_the_same(path, r"\+[01] ms  outlet 1 FAULT: " + cause, r"outlet 1 .*charging disabled")
    closed = [int(ms) for ms in re.findall(r"([+-]\d+) ms  outlet 1 .*charging disabled", text)]
    assert -20 <= closed[-1] <= 3000 and min(map(abs, closed)) < 20, text
    assert text.splitlines()[0].endswith(f"outlet 1: {cause}{', ' + error if error else ''}"), text
    assert not error or f"error: {error}" in text


async def test_a_record_that_begins_in_the_middle_is_replayed_up_to_its_fault(tmp_path):
    """The second box of a session begins when the first one is written: the gate is closed then, by what was before."""
    async with Site(tmp_path) as site:
        await site.boot()
        site.vehicle.max_a = 5.0
        await site.start_session("CARD-1")
        site.module.excess_a = 100.0
        await written(site, 2)
        await site.present("CARD-1")
        path = site.home / "blackbox" / "box-000002.bin"
    await check_the_same(path, "outlet 1 FAULT: gate closed", "error: OverCurrentFailure")


async def test_of_two_outlets_the_fault_is_that_of_the_one(tmp_path):
    async with TwoOutlets(tmp_path) as site:
        await site.boot()
        await site.charge(1)
        await site.charge(2)
        site.outlets[1].module.excess_a = 150.0
        await eventually(lambda: "2/gate: charging disabled" in site.firmware.text, "the gate closes")
        await asyncio.sleep(1)
        await site.end(2)
        await asyncio.sleep(4)
        assert not (site.home / "blackbox").exists()  # the other one charges
        await site.end(1)
        path = await written(site)
    text = await check_the_same(path, "outlet 2 FAULT: gate closed", "outlet 2 error: OverCurrentFailure")
    assert "outlet 1 error: OverCurrentFailure" not in text and "outlet 1 charging enabled" in text


@pytest.mark.parametrize("board", ["unix_infy", "unix_elcon"])
async def test_a_lost_module_of_another_protocol_on_another_bus_than_the_vehicle(tmp_path, board):
    """The module's and the vehicle's frames have come over two buses, and the module's are polled."""
    async with Site(tmp_path, board=board) as site:
        await site.boot()
        await site.start_session("CARD-1")
        await site.current_flows()
        site.module.silent = True
        await eventually(lambda: "charging disabled" in site.firmware.text, "the gate closes", 2 * TIMEOUT_S)
        await site.present("CARD-1")
        path = await written(site)
    await check_the_same(path, "outlet 1 FAULT: gate closed", "charging disabled", "-charger_online")


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """The path of one with an over-current."""

    async def made(home):
        async with Site(home) as site:
            await site.boot()
            site.vehicle.max_a = 5.0
            await site.start_session("CARD-1")
            site.module.excess_a = 100.0
            await eventually(lambda: "charging disabled" in site.firmware.text, "the gate closes", 2 * TIMEOUT_S)
            await site.present("CARD-1")
            return await written(site)

    return asyncio.run(made(tmp_path_factory.mktemp("home")))


OTHER = """
from boards import unix

NAME = "other"
PORT = unix.PORT
COMPONENTS = tuple([
    dict(entry, options=dict(entry["options"], over_current_ma=500000)) if entry["name"] == "charger" else entry
    for entry in unix.COMPONENTS
])
SETTINGS = unix.SETTINGS
"""


async def test_a_firmware_that_does_something_else_is_told_from_it(tmp_path, box):
    """One that takes 500 A above the setpoint for right does not close: status 1, and the first difference."""
    (tmp_path / "otherboards").mkdir()
    (tmp_path / "otherboards" / "other.py").write_text(OTHER)
    status, text = await replayed(box, "--board", "otherboards.other", MICROPYPATH=f"{tmp_path}:.frozen")
    assert status == DIFFERENT, text
    assert re.search(r"DIFFERENT: recorded [+-]\d+ ms outlet 1 -in_limits, charging disabled, replayed ", text), text


async def test_a_box_in_the_diagnostics_is_found_and_played(tmp_path, box):
    lines = [base64.b64encode(box.read_bytes()[at : at + 48]).decode() for at in range(0, box.stat().st_size, 48)]
    head = f"[black box {box.name}: {box.stat().st_size} bytes in base64]"
    path = tmp_path / "diagnostics.txt"
    other = ["", "[black box x.bin: 0 bytes in base64]", ""]
    path.write_text("\n".join(["[log]", "I 1.000 main: up", "", head, *lines, *other]))
    assert [(found.name, found.data) for found in find(path)] == [(box.name, box.read_bytes()), ("x.bin", b"")]
    assert await replayed(path) == await replayed(box)
    status, text = await replayed(path, "--box", "box-000009.bin")
    assert status == CANNOT and "has no box-000009.bin, but box-000001.bin, x.bin" in text
    path.write_text("\n".join([head, *lines[:-1], ""]))
    status, text = await replayed(path)
    assert status == CANNOT and f"of {box.stat().st_size} bytes" in text


async def test_what_cannot_be_played_is_one_line_and_status_2(tmp_path, box):
    data = box.read_bytes()
    for content, words in (
        (data[:-1], "cut off or damaged"),
        (data[:100] + b"?" + data[101:], "cut off or damaged"),
        (b"UCBOX7\r\n" + data[8:], "a version that is not known"),
        (b"nothing of the kind", "no log that can be read"),
    ):
        path = tmp_path / "box.log"
        path.write_bytes(content)
        status, text = await replayed(path)
        assert status == CANNOT and words in text and text.count("\n") == 1, text
    status, text = await replayed(box, "--board", "nowhere.board")
    assert status == CANNOT and "board nowhere.board not found" in text
    status, text = await replayed(tmp_path / "none.bin")
    assert status == CANNOT and "No such file" in text
    status, text = await replayed(box, "--board", "boards.unix_two")
    assert status == CANNOT and "this board has no" in text and "which was recorded" in text
    status, text = await replayed("")
    assert status == CANNOT and "name a file: make replay FILE=" in text


def test_a_board_without_a_black_box_has_nothing_of_it(tmp_path):
    """What a frame, a condition or a message costs more is in the component, and in no module of the others."""
    frozen = {}
    for board in ("rivot_esp32", "unix"):
        paths = [path for path, _ in Selection(board, True, tmp_path).files if path.startswith("components/blackbox")]
        frozen[board] = [path.rpartition("/")[2] for path in paths]
    parts = ["__init__.py", "files.py", "notes.py", "reading.py", "ring.py", "shown.py", "taps.py"]
    assert frozen == {"rivot_esp32": [], "unix": parts}
