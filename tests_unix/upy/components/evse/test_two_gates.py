"""The emergency stop of a board with two outlets: one key stops both."""

import console_site
from console_site import ConsoleSite

from boards import unix
from core.declare import load_class

_BIND = {"driver": "can_driver_2", "gate": "gate_2", "can": "can_2", "bms": "bms_2", "charger": "charger_2",
         "store": "store_2"}  # fmt: skip


def _second(entry):
    required = load_class(entry["use"]).requires
    bind = {service: name for service, name in _BIND.items() if service in required}
    return dict(entry, name=entry["name"] + "_2", bind=bind)


_SECOND = tuple(
    [_second(entry) for entry in unix.COMPONENTS if entry["name"] in ("gate", "can", "bms", "charger", "meter", "plug")]
)


class Board:
    """The unix board, and the same again for a second outlet that has no transactions of its own."""

    NAME = "twogates"
    COMPONENTS = console_site.Board.COMPONENTS + _SECOND + (
        {"name": "store_2", "use": "components.persistence:Persistence", "options": {"dir": "state_2"}},
        {"name": "can_driver_2", "use": "drivers.can.slcan:Slcan", "options": {"port": "socket://127.0.0.1:1"}},
    )  # fmt: skip
    SETTINGS = unix.SETTINGS


class TwoOutlets(ConsoleSite):
    board = Board

    def __init__(self, home):
        super().__init__(home)
        self.kernel["gate_2"].add_bus(self.kernel["can_2"].healthy)  # without a scope both buses are those of "gate"

    def receive_all(self, *deciamps):
        """The same is said on both buses."""
        self.kernel["can_2"].healthy.set(True)
        super().receive_all(*deciamps)

    def receive(self, identifier, data):
        for can in ("can", "can_2"):
            handlers = self.kernel[can]._handlers
            if identifier in handlers:
                assert handlers[identifier](data, len(data)) is not False

    async def charge(self):
        """At both outlets."""
        self.kernel["gate_2"].limit("transaction", 16000)
        self.kernel["gate_2"].transaction.set(True)
        await super().charge()
        assert self.gates() == [True, True], self.kernel["gate_2"].blocking()

    def gates(self):
        return [self.kernel[name].enabled.value for name in ("gate", "gate_2")]


async def test_one_key_stops_every_gate_of_the_process(tmp):
    """The console closed its own gate only."""
    async with TwoOutlets(tmp) as site:
        await site.charge()
        await site.type("t")
        assert site.gates() == [False, False]
        await site.wait_charging(600)
        for name in ("gate", "gate_2"):
            assert "emergency_stop" in site.kernel[name].blocking()
        assert site.kernel["store"].get("console.stop") and site.kernel["store_2"].get("console.stop") is None
        await site.wait_charging(3000)
        assert site.gates() == [False, False]
        assert "is released" in await site.type("\ns\n")
        site.kernel["can_2"].healthy.set(True)  # nobody is at the other end of its stream
        assert site.gates() == [False, True], site.kernel["gate_2"].blocking()  # the first has no transaction


async def test_a_word_that_begins_with_t_stops_both_for_a_moment(tmp):
    async with TwoOutlets(tmp) as site:
        await site.charge()
        await site.type("tag CARD\n")
        assert site.gates() == [False, False]
        await site.wait_charging(1100)
        assert site.gates() == [True, True]


async def test_both_stay_stopped_over_a_power_cut(tmp):
    site = TwoOutlets(tmp)
    async with site:
        await site.charge()
        await site.type("t\n")
        await site.cut_power()
    async with TwoOutlets(tmp) as site:
        for name in ("gate", "gate_2"):
            assert "emergency_stop" in site.kernel[name].blocking()
        assert "is released" in await site.type("s\n")
        for name in ("gate", "gate_2"):
            assert "emergency_stop" not in site.kernel[name].blocking()


async def test_a_failure_behind_one_gate_does_not_keep_the_other_open(tmp):
    """Whoever watches the first gate runs out of memory while it closes."""
    async with TwoOutlets(tmp) as site:
        await site.charge()

        def fails(enabled):
            raise MemoryError("full")

        for name in ("gate", "gate_2"):
            site.kernel[name].enabled.watch(fails)
        await site.type("t")
        assert site.gates() == [False, False]
