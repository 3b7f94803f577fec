"""A charging site for tests: ``tools.station.Station`` with what people do at it and what a test asks of it."""

import asyncio
import re
import time

from ocpp.charge_point import camel_to_snake_case
from ocpp.v16 import call as calls

from tools.central import CALL, CALLERROR
from tools.point import energies
from tools.powermodule import TELEMETRY, TERMINAL_POWER
from tools.station import Station

OUTPUT_VOLTAGE = bytes((0x01, 0x84, 0, 0, 0, 0, 0, 0))  # TELEMETRY: the module sends its output voltage
TIMEOUT_S = 15  # what a busy machine may take
BACK_OFF_S = 32  # the longest pause of a charge point that was without its central system for less than half a minute

# What ``why`` says of a condition of the gate where it holds, and where it does not.
CONDITIONS = {
    "plugged": "a vehicle is plugged in|no vehicle is plugged in",
    "in_limits": "all measurements are within|a measurement is missing or outside",
    "bms_permits": "the vehicle's BMS permits|the vehicle's BMS does not permit",
    "bms_settled": "no pause after a stop of the BMS|the BMS has just stopped",
    "emergency_stop": "no emergency stop|the emergency stop is pressed",
    "charger_online": "the power module responds|the power module is silent",
    "locked": "the connector is locked|the connector is not locked",
    "journal": "the journal is whole|the journal was damaged",
}


async def eventually(condition, what, timeout=TIMEOUT_S):
    """Wait until ``condition()`` gives something true, and return that."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        await asyncio.sleep(0.02)
    return result


def metered_wh(ended):
    """What a StopTransaction bills by its transactionData: Wh, with decimals."""
    register = energies(camel_to_snake_case(ended.payload["transactionData"]))
    return register[-1] - register[0]


class Site(Station):
    """A site with a big, half full battery; its firmware starts with ``boot()``."""

    def __init__(self, home, **options):
        defaults = {"pack": "Max", "soc": 0.5, "vehicle": {"period_s": 0.2}, "firmware": False}
        super().__init__(home, **{**defaults, **options})

    async def boot(self):
        """Start the firmware; wait until both connectors told their status."""
        since = self.mark()
        await self.firmware.start()
        await self.booted(since)

    async def booted(self, since):
        """Wait until the firmware is accepted and has told both statuses; a firmware that ended says why."""
        heard = lambda: self.firmware.returncode is not None or self.central.calls(since=since)  # noqa: E731
        await eventually(heard, "a message", 4 * TIMEOUT_S)  # all of it is compiled before
        assert self.firmware.returncode is None, self.firmware.text
        await self.wait_booted(since=since)
        for connector in (0, 1):
            await self.received("StatusNotification", since, connectorId=connector)

    # -- the console

    async def type(self, text):
        """Type a line and Enter."""
        await self.firmware.write(text + "\n")

    async def answer(self, line, pattern, timeout=10):
        """Type a line and wait for what the pattern finds in the output after it."""
        since = self.firmware.mark
        await self.type(line)
        return await self.firmware.wait_output(pattern, timeout, since)

    async def printed(self, pattern, since=0, timeout=TIMEOUT_S):
        return await self.firmware.wait_output(pattern, timeout, since)

    def check_calm(self):
        """No component raised, the watchdog was fed, and no text was lost to memory."""
        bad = re.search(r"Traceback|MemoryError|component \w+ raised|watchdog not fed", self.firmware.text)
        assert not bad, self.firmware.text[max(0, bad.start() - 300) : bad.end() + 1500]

    # -- what the central system hears

    def mark(self):
        """Number of messages so far: for ``since``."""
        return self.central.messages.total

    async def received(self, action, since=0, timeout=TIMEOUT_S, **fields):
        """Wait for a CALL of the charge point with these fields; return its message."""

        def fits(payload):
            return all(payload.get(key) == value for key, value in fields.items())

        try:
            return await self.central.wait_for(action, fits, timeout, since)
        except TimeoutError:
            last = [f"  {m.action} {m.payload}" for m in self.central.calls()[-8:]]
            text = [f"no {action} {fields} within {timeout} s; the last CALLs:", *last, "the console:"]
            raise AssertionError("\n".join(text + self.firmware.lines[-12:])) from None

    async def status(self, status, since=0, timeout=TIMEOUT_S, connector=1):
        return await self.received("StatusNotification", since, timeout, connectorId=connector, status=status)

    def statuses(self, connector, since=0):
        """The statuses that a connector told, in order."""
        told = self.central.calls("StatusNotification", since)
        return [m.payload["status"] for m in told if m.payload["connectorId"] == connector]

    async def order(self, action, **fields):
        """Send a command of the ``ocpp`` library; return its answer, in snake case. A CALLERROR raises OCPPError."""
        return await self.central.call(getattr(calls, action)(**camel_to_snake_case(fields)))

    async def ask(self, action, payload, uid=None):
        """Send a CALL that nobody checks; return the message of its answer."""
        uid = await self.central.call_raw(action, payload, uid=uid)
        return await self.central.wait_answer(uid)

    async def configure(self, **values):
        """ChangeConfiguration for each key; all must be accepted."""
        for key, value in values.items():
            value = str(value).lower() if isinstance(value, bool) else str(value)
            answer = await self.order("ChangeConfiguration", key=key, value=value)
            assert answer.status == "Accepted", (key, value, answer)

    async def configured(self, key):
        """The value of a configuration key."""
        return (await self.order("GetConfiguration", key=[key])).configuration_key[0]["value"]

    def wrong_messages(self, since=0):
        """What it did wrong on the wire: broken messages, CALLs that OCPP's schemas refuse, two CALLs at once.

        A CALL is outstanding on its own connection: the end of that is the end of the wait.
        """
        wrong = []
        asked, outstanding = set(), {}
        for m in self.central.messages.after(since):
            if m.direction == "in" and m.kind is None:
                wrong.append(f"no OCPP message: {m.raw}")
            elif m.direction == "in" and m.kind == CALL:
                if m.link in outstanding:
                    wrong.append(f"{m.action} while {outstanding[m.link].action} is outstanding")
                outstanding[m.link] = m
            elif m.direction == "in":
                if m.uid not in asked:
                    wrong.append(f"an answer nobody asked for: {m.raw}")
            elif m.kind == CALL:
                asked.add(m.uid)
            elif m.link in outstanding and m.uid == outstanding[m.link].uid:
                call = outstanding.pop(m.link)
                if m.kind == CALLERROR and "Violation" in str(m.payload):
                    wrong.append(f"{call.raw} answered by {m.raw}")
        return wrong

    async def checked(self, tag, since=0):
        """Wait until the central system was asked about a tag and the charge point has dealt with the answer."""
        asked = await self.received("Authorize", since, idTag=tag)
        answered = lambda m: m.direction == "out" and m.uid == asked.uid  # noqa: E731
        await self.central.messages.wait(answered, TIMEOUT_S, since, f"the answer about {tag}")
        await self.configured("NumberOfConnectors")  # messages are dealt with in order: this one after the answer

    async def go_offline(self):
        """The central system vanishes; the firmware has noticed."""
        since = self.firmware.mark
        await self.central.stop()
        await self.printed(r"ocpp: connection", since)

    async def go_online(self):
        """It is back, and connected; returns the mark before."""
        since = self.mark()
        await self.central.start()
        await self.reconnected()
        return since

    async def reconnected(self, after=0):
        """Wait for a connection after so many, and until the firmware knows of it, too."""
        await self.central.wait_connected(timeout=TIMEOUT_S + BACK_OFF_S, after=after)
        assert await self.configured("NumberOfConnectors") == "1"

    # -- what people do

    async def present(self, tag):
        """Hold a card to the reader."""
        await self.type(f"auth {tag}")

    async def plug_in(self):
        """Put the gun in; wait until the connector told of it and all that is measured is known."""
        since = self.mark()
        self.vehicle.plug()
        await self.status("Preparing", since)
        await self.condition("in_limits", "ok")

    async def condition(self, name, verdict, timeout=TIMEOUT_S):
        """Ask the console ``why`` until a condition of the gate is "ok" or "BLOCKS"."""
        deadline = time.monotonic() + timeout
        pattern = rf"(?m)^ *(ok|BLOCKS) +(?:{CONDITIONS[name]})"
        while (await self.answer("why", pattern))[1] != verdict:
            assert time.monotonic() < deadline, f"{name} is not {verdict} within {timeout} s"
            await asyncio.sleep(0.1)  # an image that never idles lets its clock run ahead of the bus

    def pull_out(self):
        """Pull the gun out and discharge the output capacitors: the quickest sign that a car is gone, and all of it.

        A module that is on holds their voltage.
        """
        self.vehicle.unplug()
        if not self.module.charging:
            self.module.voltage_v = 0.0
        self.module.on_frame(TELEMETRY, OUTPUT_VOLTAGE)  # the output voltage is told now

    async def start_session(self, tag="TAG-1"):
        """Plug in, present a tag; return the StartTransaction once current flows."""
        if not self.vehicle.plugged:
            await self.plug_in()
        since = self.mark()
        await self.present(tag)
        begun = await self.received("StartTransaction", since)
        await self.current_flows()
        await self.status("Charging", since)
        return begun

    async def current_flows(self):
        await eventually(lambda: self.module.current_a > 1, "current flows")

    async def stop_session(self, tag="TAG-1"):
        """Present the tag again and pull the gun out; return the StopTransaction once the connector is free."""
        since = self.mark()
        await self.present(tag)
        ended = await self.received("StopTransaction", since)
        await self.status("Finishing", since)
        await self.settled()
        self.pull_out()
        await self.status("Available", since)
        return ended

    async def settled(self):
        """Wait for a second of measurements: while the current falls, it explains the fall of the voltage."""
        for _ in range(6):
            await self.hub.wait_frame(TERMINAL_POWER)

    async def unplug(self):
        since = self.mark()
        self.pull_out()
        await self.status("Available", since)

    async def until_state(self, state, timeout=TIMEOUT_S):
        """Ask the console for its status until the connector is in ``state``."""
        deadline = time.monotonic() + timeout
        while not re.search(rf"State: {state}\b", (await self.answer("status", r"State: \w+")).group()):
            assert time.monotonic() < deadline, f"not {state} within {timeout} s"

    async def free(self):
        """Whatever went on: the car goes, the transaction ends, the connector is available."""
        self.clear_faults()
        await self.configure(StopTransactionOnEVSideDisconnect=True, MinimumStatusDuration=0)
        self.central.books.tags.clear()
        self.pull_out()
        await eventually(lambda: self.statuses(1)[-1:] == ["Available"], "the connector is available")
