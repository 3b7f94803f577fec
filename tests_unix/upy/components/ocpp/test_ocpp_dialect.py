"""What a dialect is, as the page says (components/ocpp/v16/__init__.py): it names what is there, and another one that
is made by it charges, on the connection and the station that there are.
"""

import re
import sys

from ocpp_site import NOON, Central, Site

import components.ocpp
from components.ocpp.rpc import CLOSED, TIMEOUT, Call
from components.ocpp.sources import Outbox
from core.signals import Signal

PAGE = components.ocpp.__file__.rpartition("/")[0] + "/v16/__init__.py"
SCHEMA = (-8, 1, "place", -3)  # an object that has an integer, as `ujson_schema` has it


def named(text):
    """What stands between double backquotes, each without what follows it."""
    return re.compile("``").split(text)[1::2]


def bullets(text):
    return text.split("\n- ")[1:]


async def test_the_page_names_what_is_there(tmp):
    with open(PAGE) as file:
        page = file.read().split('"""')[1]
    _, returned, registered, used = re.compile("It returns, for|and has before|Of the station").split(page)
    site = Site(tmp)
    count = 0
    for bullet in bullets(returned):
        part, names = named(bullet)[0], named(bullet)[1:]
        for name in names:
            assert hasattr(getattr(site.ocpp, part), name.partition("(")[0]), (part, name)
            count += 1
    outlet = site.station.outlets[0]
    roots = {"ocpp": site.ocpp, "station": site.station, "connector": outlet.connector, "metering": outlet.metering}
    roots["transactions"] = outlet.transactions
    for bullet in bullets(registered) + bullets(used):
        for name in named(bullet):
            first, dot, rest = name.partition("(")[0].partition(".")
            if dot:
                found = roots[first] if first in roots else getattr(site.station, first)
                for one in rest.split("."):
                    found = getattr(found, one)
                count += 1
    assert count > 35, count


class Schemas:
    """Stands for a generated module: any object is a payload, but that of a Park has a place."""

    def request(self, action):
        return SCHEMA if action == "Park" else (-9, 0)

    def response(self, action):
        return (-9, 0)


class Parking:
    """A module of the dialect: it answers for a feature of the station."""

    schemas = Schemas()

    def park(self, feature, payload):
        feature.append(payload["place"])
        return {"parked": len(feature)}


class Core:
    schemas = Schemas()

    def __init__(self, station):
        self._station = station
        self.started = 0

    def start(self):
        self.started += 1

    def stop_all(self, payload):
        transactions = self._station.outlets[0].transactions
        return {"stopping": 1}, lambda: transactions.stop("Remote")


class Parts:
    """``boot``, ``delivery`` and ``status`` of an invented dialect: Hello, Event and Ask, and no states."""

    skipped = bad_times = 0
    identity = {"name": "P"}
    status = None
    _sent = None

    def __init__(self, ocpp):
        self._ocpp = ocpp
        self._station = ocpp.station
        self.accepted = Signal(False, ocpp.clock)

    def pending(self):
        return False

    def start(self):
        pass

    def step(self):
        pass

    def waiting(self):
        return False

    def hello(self):
        return None if self.accepted.value else Call("Hello", self.identity, self._on_hello)

    def _on_hello(self, answer, error):
        if error is None:
            self._ocpp.stamps.learn(answer["now"])
            self.accepted.set(True)

    def ask(self):
        tag = self._station.authorization.asked()
        return None if tag is None else Call("Ask", {"token": tag}, self._on_ask)

    def _on_ask(self, answer, error):
        if error in (TIMEOUT, CLOSED):
            self._station.authorization.unanswered()
        else:
            self._station.authorization.answered(("Accepted" if answer["ok"] else "Blocked", 0, None))

    def event(self):
        record = self._station.journal.oldest() if self._station.online() else ()
        if not record:
            return None
        payload = {"kind": record[0], "of": record[2]}
        if record[0] != "M":
            payload.update({"at": self._ocpp.stamps.text(record[3]), "wh": record[4]})
        done = lambda answer, error: self._on_event(record, answer, error)  # noqa: E731
        return Call("Event", payload, done, self._ocpp.stamps.message_id(record[1]))

    def _on_event(self, record, answer, error):
        if error is not None:
            return
        changes, then = {}, self._ocpp.rpc.wake
        if record[0] == "S":
            outlet = self._station.outlet(self._station.journal.outlet_of(record))
            changes, then = outlet.transactions.confirmed(record[2], answer["called"], None)
        self._station.journal.take(record, changes)
        then()


class Module:
    """Stands for the package, and for its module ``assembly``."""

    __name__ = "components.ocpp.v9"
    SUBPROTOCOL = "v9"
    ACTIONS = ("Hello", "core", "", "Ask", "core", "", "Event", "core", "", "StopAll", "core", "stop_all",
               "Park", "parking", "park", "Tow", "towing", "tow", "Wash", "washing", "wash")  # fmt: skip
    WITHOUT = ("Tow", "towed", 0)
    WRITING = ()

    def messages(self, ocpp, options):
        parts = Parts(ocpp)
        outbox = Outbox(ocpp.log, ocpp.online, ocpp.rpc.wake, parts.pending)
        core = Core(ocpp.station)
        ocpp.station.connect(ocpp.online, ocpp.rpc.wake, parts.waiting, ocpp.step, 36)
        ocpp.rpc.add_sources(parts.hello, parts.ask, parts.event, outbox.next_call)
        ocpp.add_profile("core", core, (("WebSocketPingInterval", "int", 30, 0, 86400, "RW"),))
        return parts, parts, parts, core, outbox


class Other:
    """Context: another dialect in the place of OCPP 1.6."""

    def __enter__(self):
        module = Module()
        others = {"v16": module, "v16.assembly": module, "v9": module, "v9.parking": Parking()}
        self._others = ["components.ocpp." + name for name in others]
        self._former = {name: sys.modules.pop(name) for name in list(sys.modules) if ".ocpp.v16" in name}
        for name in others:
            sys.modules["components.ocpp." + name] = others[name]

    def __exit__(self, kind, error, trace):
        for name in self._others:
            sys.modules.pop(name, None)
        sys.modules.update(self._former)


class OtherCentral(Central):
    def _Hello(self, payload):
        return {"now": NOON}

    def _Ask(self, payload):
        return {"ok": payload["token"] == "TAG"}

    def _Event(self, payload):
        return {"called": "A-1"}


async def test_another_dialect_that_is_made_by_the_page_charges(tmp):
    """A session is asked for, charged, sent, and ended by the central system; a feature of the station is answered."""
    with Other():
        site, central, parked = Site(tmp), OtherCentral(), []
        assert all(type(sys.modules[name]) is Module for name in sys.modules if ".v16" in name), "nothing of OCPP 1.6"
        site.station.add_feature("parking", parked)
        await site.power_on()
        assert site.ocpp.core.started == 1
        await site.connect(central)
        assert central.actions() == ["Hello"] and site.ocpp.online() and site.clock.utc_ms() is not None
        site.plug_in()
        await site.run(500)
        site.station.present("STRANGER")
        await site.run(500)
        assert site.station.authorization.card.value[1:4] == ("refused", "unauthorized", "Blocked")
        site.station.present("TAG")
        await site.run(3000)
        assert site.gate.enabled.value and site.ocpp.transaction.id == "A-1"
        assert await central.call("StopAll", {}) == {"stopping": 1}
        await site.run(3000)
        assert not site.gate.enabled.value and len(site.station.journal) == 0
        start, end = [event for event in central.of("Event") if event["kind"] != "M"]
        assert (start["kind"], end["kind"]) == ("S", "E") and start["of"] == end["of"] and end["wh"] > start["wh"]
        assert await central.call("Park", {"place": 7}) == {"parked": 1} and parked == [7]
        assert await central.call("Park", {}) == "OccurenceConstraintViolation" and parked == [7]
        assert await central.call("Tow", {}) == {"towed": 0}
        assert await central.call("Wash", {}) == "NotSupported"
        assert await central.call("Authorize", {}) == "NotImplemented"
        assert len(list(site.ocpp.describe())) > 3
        await site.power_off()
