"""The snapshot of the operator: the whole state as plain data, and what a front end makes of it."""

import gc
import json
import sys

import console_site
from console_site import ConsoleSite

from boards import unix_two
from core.kernel import Kernel

PIECE_MAX = 8192  # bytes of a 64-bit heap that one piece may take until it is there; measured: 6.2 KB
FILES_MAX = 16384  # ... what loads the reading of certificates for itself; measured: 12.3 KB


class Shown:
    """A third party's component that shows something."""

    requires = ("clock",)
    provides = ("page",)

    def __init__(self, clock):
        self._clock = clock

    def page(self):
        yield "door", "Door: %(state)s, opened %(opened)d times", {"state": "open", "opened": 3}
        yield "lamp", "Lamp: 100 % on", None


class Fails:
    """One of which the page raises."""

    provides = ("page",)

    def page(self):
        yield "fuse", "Fuse: blown", None
        raise ValueError("no such fuse")


class WithPage(ConsoleSite):
    class board(console_site.Board):
        COMPONENTS = console_site.Board.COMPONENTS + (
            {"name": "fuses", "use": "test_operator_snapshot:Fails"},
            {"name": "cabinet", "use": "test_operator_snapshot:Shown"},
        )


class TwoOutlets(ConsoleSite):
    """The board unix_two, a person at its console."""

    class board:
        NAME = "twooutlets"
        COMPONENTS = tuple(
            [
                dict(entry, use="console_site:Screen") if entry.get("name") == "terminal" else entry
                for entry in unix_two.COMPONENTS
            ]
        )
        SETTINGS = unix_two.SETTINGS

    def receive(self, identifier, data):
        """Outlet 2 alone is plugged in."""
        assert self.kernel["2/can"]._handlers[identifier](data, len(data)) is not False


def pieces(site):
    """{path: piece} of all; none is so big that it needs room that a device has not."""
    found = {}
    snapshot = site.kernel["operator"].snapshot()
    for path, piece in snapshot:
        assert path not in found, path
        assert json.loads(json.dumps(piece)) == piece, path  # as it is: nothing but plain values
        found[path] = piece
    for path in found:
        one = snapshot[path]
        assert sorted(one or ()) == sorted(found[path] or ()), path
    return found


def storm(site):
    """[(bytes that a piece took until it was there, path)], all of it garbage afterwards."""
    taken = []
    gc.collect()
    found = iter(site.kernel["operator"].snapshot())
    while True:
        before = gc.mem_alloc()
        gc.disable()
        try:
            path = next(found)[0]
        except StopIteration:
            return taken
        finally:
            gc.enable()
        taken.append((gc.mem_alloc() - before, path))
        gc.collect()


async def test_no_piece_takes_more_than_some_kb(tmp):
    async with ConsoleSite(tmp) as site:
        await site.charge()
        for taken, path in storm(site):
            assert taken <= PIECE_MAX or path == "page/ocpp/certificates" and taken <= FILES_MAX, (path, taken)


async def test_the_state_as_data(tmp):
    async with ConsoleSite(tmp) as site:
        site.receive_all()
        await site.wait(300)
        found = pieces(site)
        vehicle = found["outlet/1/vehicle"]
        assert (vehicle["online"], vehicle["permitted"], vehicle["mode"]) == (True, True, "charging")
        assert (vehicle["max_voltage_mv"], vehicle["max_current_ma"], vehicle["soc_permille"]) == (82500, 30000, 833)
        assert (vehicle["capacity_mah"], vehicle["charged_mah"], vehicle["model"]) == (30000, 125000, "Classic")
        module, outlet = found["outlet/1/module"], found["outlet/1"]
        assert (module["output_voltage_mv"], module["output_current_ma"], module["temperature_mdeg"]) == (
            76200, 1900, 41500,
        )  # fmt: skip
        assert module["status"] == "not charging" and module["error"] == "" and module["flags"] is None
        assert (outlet["terminal_voltage_mv"], outlet["terminal_current_ma"]) == (76234, 1849)
        assert (outlet["state"], outlet["error"], outlet["enabled"]) == ("Preparing", "NoError", False), outlet
        assert found["outlet/1/transaction"] is None and found["outlet/1/meter"]["energy_mwh"] == 0
        conditions = {name: (holds, words) for name, words, holds in found["outlet/1/gate"]["conditions"]}
        assert conditions["transaction"] == (False, "no transaction runs")
        assert conditions["bms_permits"] == (True, "the vehicle's BMS permits charging")
        assert found["station"]["network"] is True and found["station"]["emergency_stop"] is False
        assert found["boot"] == {"boot_count": 1, "reset_cause": "first start"}
        assert found["can/can"]["rx"] == 0 and "port socket://127.0.0.1:1" in found["can/can"]["error"]
        assert found["can/can/frames"] == {"receives_all": False, "kept": []}
        assert found["page/ocpp/messages"]["failed_connects"] > 0
        assert found["component/charger"]["critical"] and found["component/charger"]["beat_ms"] >= 0
        assert found["component/reservation"]["beat_ms"] is None
        shown = sorted([path for path in found if path.startswith("component/")])
        assert shown == sorted(["component/" + part.name for part in site.kernel.parts])


async def test_a_transaction_as_data(tmp):
    async with ConsoleSite(tmp) as site:
        await site.charge()
        transaction = site.kernel["operator"].snapshot()["outlet/1/transaction"]
        number = transaction.pop("number")
        assert transaction == {"id": None, "id_tag": "CARD-7", "meter_start_wh": 0, "refused": False}
        assert isinstance(number, int)
        assert site.kernel["operator"].snapshot()["outlet/1"]["state"] == "Charging"
        conditions = site.kernel["operator"].snapshot()["outlet/1/gate"]["conditions"]
        assert ["limit_ma", "the central system permits current", True] in conditions


async def test_an_unknown_path_is_a_key_error(tmp):
    async with ConsoleSite(tmp) as site:
        snapshot = site.kernel["operator"].snapshot()
        for path in (
            "", "nothing", "outlet", "outlet/", "outlet/0", "outlet/2", "outlet/x", "outlet/1/nothing",
            "outlet/1/gate/x", "outlet/1/__init__", "can", "can/", "can/store", "can/can/nothing", "component/",
            "component/x", "page/", "page/ocpp", "page/ocpp/nothing", "station/x", "boot/x", "_station",
        ):  # fmt: skip
            try:
                snapshot[path]
                raise AssertionError("%r is there" % path)
            except KeyError:
                pass


def documented():
    """{kind of piece: the text of the page that names its keys}."""
    with open("components/operator/snapshot.py") as file:
        text = file.read().split('"""')[1]
    kinds = {}
    kind = None
    for line in text.split("\n"):
        if line.startswith("``") and not line.startswith("``_"):
            kind = line.split("``")[1]
            kinds[kind] = ""
        elif kind and line.startswith("    "):
            kinds[kind] += line + " "
    return kinds


async def test_each_key_is_written_down(tmp):
    """On the page of the snapshot, and no other is."""
    kinds = documented()
    async with ConsoleSite(tmp) as site:
        await site.charge()
        for path, piece in site.kernel["operator"].snapshot():
            kind, _, name = path.partition("/")
            if kind == "outlet":
                kind = "outlet/N" + ("/" + name.partition("/")[2] if "/" in name else "")
            elif kind in ("can", "component"):
                kind += "/NAME" + ("/frames" if name.endswith("/frames") else "")
            if kind == "page":
                continue  # of those who show it
            for key in piece:
                assert key in kinds[kind], (path, key)
        assert len(kinds) == 19, sorted(kinds)


async def test_what_another_component_shows_is_on_status_in_the_snapshot_and_in_diagnostics(tmp):
    async with WithPage(tmp) as site:
        text = await site.type("status\n")
        assert "Door: open, opened 3 times\nLamp: 100 % on\n" in text
        found = pieces(site)
        assert found["page/cabinet/door"] == {"state": "open", "opened": 3} and found["page/cabinet/lamp"] is None
        lines = list(site.kernel["ocpp"].describe())
        assert "Door: open, opened 3 times" in lines and "Lamp: 100 % on" in lines
        (heap,) = [line for line in lines if line.startswith("Python's heap: ")]
        assert "at least" in heap and "in one piece" in heap, "what health measures"


async def test_a_page_that_fails_takes_nothing_with_it(tmp):
    """Not the console, whose key is the emergency stop, nor what others show."""
    async with WithPage(tmp) as site:
        text = await site.type("status\n")
        failed = "Fuse: blown\nfuses: its page has failed: ValueError('no such fuse',)\nDoor: open"
        assert failed in text and "Journal: " in text
        assert all(part.failures == 0 for part in site.kernel.parts)
        assert pieces(site)["page/fuses/failed"] == {"error": "ValueError('no such fuse',)"}
        assert "Journal" not in await site.type("t\n") and site.kernel.emergency_stop.value


async def test_the_modules_of_a_snapshot_are_there_as_long_as_it_is(tmp):
    name = "components.operator.snapshot"
    async with ConsoleSite(tmp) as site:
        assert name not in sys.modules
        site.kernel["operator"].snapshot()["station"]
        assert name not in sys.modules
        await site.type("status\nwhy\n5\n")
        await site.wait(11000)
        assert name not in sys.modules


def two_outlets(tmp):
    port = {"port": "socket://127.0.0.1:1"}
    before, console_site.SETTINGS = console_site.SETTINGS, dict(console_site.SETTINGS, can={"1": port, "2": port})
    try:
        return TwoOutlets(tmp)
    finally:
        console_site.SETTINGS = before


async def test_of_two_outlets_with_vehicles_that_are_done_a_card_waits_for_the_next_plug_and_s_shows_that(tmp):
    """It said "present a tag to start a transaction", and the card started none."""
    async with two_outlets(tmp) as site:
        site.receive_all()
        await site.wait(300)
        operator = site.kernel["operator"]
        operator.set("AllowOfflineTxForUnknownId", "true")
        assert operator.present("CARD-7")[1] == "started" and operator.present("CARD-7")[1] == "ended"
        await site.wait(300)
        assert operator.snapshot()["outlet/2"]["state"] == "Finishing"
        text = await site.type("s\n")
        assert "2: unplug the vehicle, plug it in again, and\n2: present a tag" in text, text
        assert "1: plug the vehicle in, and\n1: present a tag" in text, text
        assert operator.present("CARD-8")[1:] == ("accepted", "", "", "CARD-8", 0)
        await site.wait(300)
        assert operator.snapshot()["outlet/2/transaction"] is None
        await site.wait(5000)  # silence of the vehicle: unplugged
        assert operator.snapshot()["outlet/2"]["state"] == "Available"
        site.receive_all()
        await site.wait(300)
        assert operator.snapshot()["outlet/2/transaction"]["id_tag"] == "CARD-8"


async def test_two_outlets_have_a_part_each_and_lines_that_name_them(tmp):
    async with two_outlets(tmp) as site:
        site.receive_all()
        await site.wait(300)
        found = pieces(site)
        assert found["outlet/1/vehicle"]["online"] is not True and found["outlet/2/vehicle"]["online"] is True
        assert found["outlet/1"]["terminal_voltage_mv"] is None and found["outlet/2"]["terminal_voltage_mv"] == 76234
        assert "can/1/can" in found and "can/2/can/frames" in found and "component/2/bms" in found
        text = await site.type("1\n")
        assert "1: BMS: silent\n" in text and "2: BMS: online\n" in text
        text = await site.type("why\n")
        assert "  1: BLOCKS  no vehicle is plugged in" in text and "  2: ok      a vehicle is plugged in" in text, text
        assert "  2: connector 2: Preparing\n" in text and text.endswith("\n2: charging is disabled\n")
        text = await site.type("status\n")
        assert "State: 1 Available, 2 Preparing\n" in text and "[Metrics 2] V=76.2V I=1.8A SOC=83%" in text, text
        assert "1: Transaction: none\n2: Transaction: none\n" in text and "\n1/can: " in text
        text = await site.type("s\n")
        assert "1: plug the vehicle in, and\n" in text and "2: plug" not in text
        operator = site.kernel["operator"]
        operator.set("AllowOfflineTxForUnknownId", "true")
        result = operator.present("CARD-7")
        assert result[1:] == ("started", "", "", "CARD-7", 2), result  # where a vehicle waits
        assert operator.start_transaction("CARD-8", 1)[1:] == ("accepted", "", "", "CARD-8", 1)
        await site.type("t")
        assert not (site.kernel["1/gate"].enabled.value or site.kernel["2/gate"].enabled.value)
        assert isinstance(site.kernel, Kernel)
