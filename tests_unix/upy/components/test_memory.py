"""The system's heap of an ESP32: what the driver reads, what health and console tell, when TLS has to wait."""

import gc
import os
import sys

from construct import construct
from esp32_site import Site
from esp32_standins import Device
from esp32_standins.heap import Heap
from virtual_clock import VirtualClock

from boards import rivot_esp32
from components.health import Health
from components.memory import Memory
from core.log import Log, LogTail
from core.urgent import Urgent
from drivers.idfheap import IdfHeap

HANDSHAKE, RESERVE, PIECE = 46080, 15360, 17408
# The example of MicroPython's documentation.
EXAMPLE = [(240, 0, 0, 0), (7288, 0, 0, 0), (16648, 4, 4, 4), (79912, 35712, 35512, 35108),
           (15072, 15036, 15036, 15036), (113840, 0, 0, 0)]  # fmt: skip


class Owner:
    """What a Memory registers with, as health and as ocpp."""

    def __init__(self):
        self.trust = self
        self.heap = self.asked = None

    def add_heap(self, heap):
        self.heap = heap

    def ask_first(self, function):
        self.asked = function


class NoKernel:
    exit_reason = ""
    parts = ()
    urgent = Urgent()


def refused(made):
    """Does it refuse an attempt?"""
    try:
        made.make_room()
    except OSError:
        return True
    return False


def memory():
    """(Memory, the stand-in of the heap, the tail of its log)."""
    device = Device().install()
    tail = LogTail(VirtualClock(), None)
    owner = Owner()
    made = Memory(NoKernel, Log(tail, "memory"), owner, owner, IdfHeap(), HANDSHAKE, RESERVE, PIECE)
    assert owner.heap is not None and owner.asked == made.make_room
    return made, device.heap, tail


def test_the_regions_are_one_heap():
    device = Device().install()
    device.heap.info = lambda capabilities: EXAMPLE
    device.install()
    assert IdfHeap().measure() == (50752, 35512, 50148)


def test_with_room_for_a_handshake_and_the_reserve_nothing_is_collected():
    made, heap, tail = memory()
    made.make_room()
    assert (made.collections, made.refused) == (0, 0) and not tail.lines


def test_eight_connections_that_were_dropped_make_room_by_a_collection():
    """micropython#13521: what TLS sockets keep in the system's heap is free only once Python has collected them.

    Open files stand for them here: their finaliser is the port's, too.
    """
    made, heap, tail = memory()
    whole = heap.regions[1][1]
    before = len(os.listdir("/proc/self/fd"))

    def info(capabilities):
        kept = 5000 * (len(os.listdir("/proc/self/fd")) - before)
        heap.regions[1][1:3] = [whole - kept, whole - kept]
        return Heap.info(heap, capabilities)

    sys.modules["esp32"].idf_heap_info = info
    gc.disable()
    try:
        drop_files(8)
        assert IdfHeap().measure()[0] < HANDSHAKE
        made.make_room()
    finally:
        gc.enable()
    assert (made.collections, made.refused) == (1, 0) and not tail.lines
    assert IdfHeap().measure()[0] >= HANDSHAKE


def drop_files(count):
    for _ in range(count):
        open("/dev/null")


def test_without_room_an_attempt_does_not_begin_and_is_reported_rarely():
    made, heap, tail = memory()
    heap.take(20000)
    heap.take(2000)
    for _ in range(5):
        assert refused(made)
    assert (made.collections, made.refused) == (5, 5)
    assert len(tail.lines) == 1 and "no room for TLS: 45936 bytes" in tail.lines[0], tuple(tail.lines)
    heap.give(2000)
    made.make_room()  # into the reserve, but not below a handshake
    assert (made.collections, made.refused) == (6, 5)


def test_an_estimate_that_is_too_high_keeps_no_charger_from_its_central_system_for_ever():
    """After 7 that were refused in a row the eighth begins; so it goes on, and one with room begins a new row."""
    made, heap, _ = memory()
    heap.take(22000)
    assert [refused(made) for _ in range(16)] == 2 * (7 * [True] + [False])
    assert refused(made)
    heap.give(22000)
    made.make_room()
    heap.take(22000)
    assert [refused(made) for _ in range(8)] == 7 * [True] + [False]


def test_free_bytes_in_small_pieces_are_no_room():
    made, heap, _ = memory()
    heap.fragment(PIECE - 1)
    assert refused(made) and made.refused == 1


def health(**options):
    clock = VirtualClock()
    tail = LogTail(clock, None)
    return construct(Health, NoKernel, clock, Log(tail, "health"), None, None, **options), tail


def test_health_tells_once_that_a_part_of_the_heap_is_missing():
    made, tail = health(heap_bytes=1 << 24)  # more than this process has
    made._measure_heap()
    made._measure_heap()
    assert len(tail.lines) == 1 and "in place of 16777216" in tail.lines[0]
    made, tail = health(heap_bytes=1000)
    made._measure_heap()
    assert not tail.lines and made.system_heap is None


def test_health_tells_that_the_reserve_of_the_system_is_used_up():
    device = Device().install()
    made, tail = health()
    made.add_heap(IdfHeap())
    made._measure_heap()
    assert made.system_heap == (67936, 53900, 67936) and not tail.lines
    device.heap.take(53000)
    made._measure_heap()
    made._measure_heap()
    assert made.system_heap == (14936, 14000, 14936)
    assert len(tail.lines) == 1 and "has 14936 bytes free, 14000 in one piece" in tail.lines[0]
    device.heap.give(53000)
    made._measure_heap()
    assert made.system_heap == (67936, 53900, 14936), "the least of all time stays"


async def test_the_board_shows_both_heaps_and_why_there_is_no_tls(tmp):
    settings = {"ocpp": {"url": "wss://127.0.0.1:1/ocpp", "id": "CP-1", "ca_file": "ca.pem"},
                "wifi": {"ssid": "home", "password": "secret"}}  # fmt: skip
    site = Site(rivot_esp32, tmp, "on_chip", "on_chip", settings)
    site.hardware.device.heap.take(30000)
    await site.start()
    await site.run(2500)
    terminal = site.kernel["terminal"]
    terminal.type("status\n")
    await site.run(300)
    assert "System heap: 37936 bytes free, 23900 in one piece, at least 37936 free" in terminal.text
    memory = site.kernel["memory"]
    told = terminal.text.partition("TLS: ")[2].partition(" times no room for it")[0].split(" ")[-1]
    assert 1 <= int(told) <= memory.refused, terminal.text
    assert "B System=37936B\n" in terminal.text, "the line [Metrics]"
    terminal.type("why\n")
    await site.run(300)
    assert "no central system: no room for TLS in the system's heap" in terminal.text
    site.hardware.device.heap.give(30000)
    refused = memory.refused
    await site.run(15000)  # longer than a pause of the link by now
    assert memory.refused == refused and "ca_file" in site.kernel["ocpp"].link.failure, "it is dialled again"
    await site.stop()
