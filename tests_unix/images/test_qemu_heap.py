"""The heap that a 32-bit device needs with every component of the reference board, in the image for measuring."""

import asyncio
import re
import subprocess
import sys

import pytest

from bench import weights
from tools import size, weigh
from tools.build_firmware import build
from tools.firmware import ROOT
from tools.payload import GC_HEAP

STRAY = 256  # bytes: so much a word that was left on the stack may have kept when it was weighed before
CHARGING = 100 * 1024  # bytes in use after a collection while charging; measured: 101.8 thousand


@pytest.fixture(scope="module")
def measuring_image():
    return build(weigh.MEASURING)


def test_the_heap_in_use_while_charging_with_every_profile(measuring_image):
    charging, most = asyncio.run(weights.session())
    assert charging <= CHARGING
    assert charging <= most


@pytest.mark.parametrize(
    "board, buses", [("rivot_esp32", {"can_driver"}), ("rivot_esp32_two", {"1/can_driver", "2/can_driver"})]
)
def test_the_measuring_board_has_every_component_of_a_reference_board(board, buses):
    measured = weigh.uses(weigh.board_for(board))
    reference = weigh.uses(board)
    assert reference.keys() <= measured.keys()
    in_place = {name for name, use in reference.items() if measured[name] != use}
    chips = {"wifi_driver", "system_heap", "sink", "nvs", "web"} | buses
    assert in_place == chips, "only what drives the chip itself is replaced"


def test_the_size_of_an_esp32_board_tells_the_heap_of_each_component(measuring_image):
    """Each component has a row, and what it is the row of; the sum is what all of them have in use, less what runs."""
    command = [sys.executable, "-m", "tools.size", "rivot_esp32_dual"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    table = text.partition("bytes of heap, 32 bit, by bench.every_profile")[2]
    table = table.partition("  not weighed:")[0].splitlines()[2:]
    rows = {}
    for line in table:
        name, *figures = line.split()[:6]
        rows[name] = [int(figure.replace(",", "")) for figure in figures if figure[-1].isdigit()]
    named = weigh.uses("rivot_esp32_dual").keys()
    assert named - rows.keys() == {"vehicle_can", "vehicle_can_driver"}
    assert "not weighed: vehicle_can, vehicle_can_driver, which bench.every_profile does not have" in text
    left = re.search(r"Heap after boot: about (\S+) bytes free of 135,936, (\S+) in use, by bench.every_profile", text)
    free, used = (int(figure.replace(",", "")) for figure in left.groups())
    assert free + used == GC_HEAP and 60_000 < used < CHARGING
    assert "(drivers.can.slcan:Slcan in its place)" in next(line for line in table if line.split()[0] == "can_driver")
    first = {}  # of the components that share a module, as the two of triggers do: it brings the code
    for name, use in weigh.uses("rivot_esp32_dual").items():
        first.setdefault(use.partition(":")[0], name)
    for name in named & rows.keys():
        code, objects, start, run, whole = rows[name]
        gives_back = name == "heap"  # what the dictionaries of all others do not use
        assert code > 0 or name not in first.values(), name
        assert objects > 0 and (start < 0 if gives_back else start >= 0), name
        assert run > -STRAY, name
        assert whole == code + objects + start + run, name
    whole = rows.pop("total")
    assert whole == [sum(column) for column in zip(*rows.values())]
    assert 60_000 < whole[-1] < CHARGING + 16 * 1024


def test_the_heap_left_is_that_of_the_board_requested(core_image, qemu_image):
    """Of both areas; the smaller board leaves more of them."""
    left = {}
    for board in ("qemu_arm", "qemu_arm_core"):
        told = re.match(r"Heap after boot: ([\d,]+) bytes free of ([\d,]+), ([\d,]+) in use$", size.heap_left(board)[0])
        free, whole, used = (int(figure.replace(",", "")) for figure in told.groups())
        assert (whole, free + used) == (GC_HEAP, GC_HEAP)
        left[board] = free
    assert left["qemu_arm_core"] > left["qemu_arm"] + 4 * 1024
