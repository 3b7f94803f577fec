"""Commands for a running simulation, one line each: over TCP (``make sim CMD="plug"``) or at a prompt."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from pathlib import Path

from ocpp.exceptions import OCPPError
from ocpp.v16 import call
from ocpp.v16.enums import ResetType

from tools import replay
from tools.station import SimulatedOutlet, Station

PORT_FILE = "control.port"
_CALL_S = 30


class CommandError(Exception):
    """A command that failed; the text is the reason."""


class Control:
    """Runs command lines. Each public method is a command: its name with dashes, its arguments separated by blanks.

    An outlet is its number, 1 where none is given.
    """

    def __init__(self, station: Station):
        self._station = station
        self._server: asyncio.AbstractServer | None = None
        self._replay: asyncio.Task | None = None

    async def serve(self, home: Path) -> int:
        """Listen on a free port of this machine, written into ``home/control.port``; returns it."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        (home / PORT_FILE).write_text(f"{port}\n", encoding="utf-8")
        return port

    async def execute(self, line: str) -> str:
        """Run a command line; returns the answer. That of a wrong line begins with "error: "."""
        name, *arguments = line.split() or ["help"]
        method = self._commands().get(name)
        if method is None:
            return f"error: no command {name!r}; try help"
        try:
            inspect.signature(method).bind(*arguments)
        except TypeError:
            return f"error: usage: {usage(name, method)}"
        try:
            answer = method(*arguments)
            return await answer if inspect.isawaitable(answer) else answer
        except (CommandError, OCPPError, ConnectionError, TimeoutError, asyncio.TimeoutError) as error:
            return f"error: {error or type(error).__name__}"

    def help(self) -> str:
        """This list."""
        rows = [(usage(name, method), inspect.getdoc(method) or "") for name, method in self._commands().items()]
        width = max(len(form) for form, _ in rows)
        return "\n".join(f"  {form:{width}}  {text}" for form, text in rows)

    def status(self) -> str:
        """Batteries, power modules and central system in numbers."""
        station, books = self._station, self._station.central.books
        several = len(station.outlets) > 1
        lines = []
        for number, outlet in enumerate(station.outlets, 1):
            where = f" {number}" if several else ""
            battery, vehicle, module, hub = outlet.battery, outlet.vehicle, outlet.module, outlet.hub
            lines += [
                f"vehicle{where}  {'plugged in' if vehicle.plugged else 'unplugged'}, {battery.pack.name} pack, "
                f"SoC {battery.soc:.1%}, {'permits' if vehicle.permits else 'stops'} charging",
                f"module{where}   {'on' if module.charging else 'off'}, {module.voltage_v:.1f} V, "
                f"{module.current_a:.1f} A, {module.temperature_c:.1f} degC, delivered {module.delivered_wh:.3f} Wh",
                f"bus{where}      {'off' if hub.broken else 'ok'}, {hub.frames} frames",
            ]
        running = [str(one.id) for one in books.transactions.values() if one.stop is None]
        connected = ", ".join(station.central.points) or "no charge point"
        return "\n".join([*lines, f"central  {connected} connected, transaction {', '.join(running) or 'none'}"])

    def plug(self, outlet: str = "1") -> str:
        """Plug the vehicle in."""
        self._outlet(outlet).vehicle.plug()
        return "plugged in"

    def unplug(self, outlet: str = "1") -> str:
        """Unplug the vehicle."""
        self._outlet(outlet).vehicle.unplug()
        return "unplugged"

    def permit(self, outlet: str = "1") -> str:
        """The BMS permits charging (again)."""
        self._outlet(outlet).vehicle.permit()
        return "the BMS permits charging"

    def stop_bms(self, outlet: str = "1") -> str:
        """The BMS stops charging."""
        self._outlet(outlet).vehicle.stop_charging()
        return "the BMS stops charging"

    def heating(self, outlet: str = "1") -> str:
        """The BMS requests battery heating instead of charging."""
        self._outlet(outlet).vehicle.heat()
        return "the BMS requests heating"

    def silent_bms(self, outlet: str = "1") -> str:
        """The BMS sends no more frames."""
        self._outlet(outlet).vehicle.silent = True
        return "the BMS is silent"

    def silent_charger(self, outlet: str = "1") -> str:
        """The power module sends no more frames."""
        self._outlet(outlet).module.silent = True
        return "the power module is silent"

    def cut_module(self, address: str, outlet: str = "1") -> str:
        """Disconnect one of several power modules from the bus (boards unix_infy, unix_elcon)."""
        units = {f"{unit.address:#x}": unit for unit in getattr(self._outlet(outlet).module, "units", ())}
        try:
            unit = units[f"{int(address, 0):#x}"]
        except (ValueError, KeyError):
            raise CommandError(f"no module {address}; there are {', '.join(units) or 'none with addresses'}") from None
        unit.silent = unit.rx_off = True
        return f"module {address} is disconnected"

    def over_temperature(self, outlet: str = "1") -> str:
        """The power module overheats and shuts itself off."""
        self._outlet(outlet).module.overheat()
        return "the power module reports over-temperature"

    def hardware_failure(self, outlet: str = "1") -> str:
        """The power module reports a hardware failure."""
        self._outlet(outlet).module.hardware_failure = True
        return "the power module reports a hardware failure"

    def runs_on(self, outlet: str = "1") -> str:
        """The power module ignores stop requests."""
        self._outlet(outlet).module.runs_on = True
        return "the power module does not stop"

    def over_current(self, amps: str = "50", outlet: str = "1") -> str:
        """The power module delivers so much more than its setpoint."""
        try:
            self._outlet(outlet).module.excess_a = float(amps)
        except ValueError:
            raise CommandError(f"{amps!r} is not a current in A") from None
        return f"the power module delivers {amps} A more than its setpoint"

    def wrong_voltage(self, volts: str = "95", outlet: str = "1") -> str:
        """The power module reports this terminal voltage."""
        try:
            self._outlet(outlet).module.forced_v = float(volts)
        except ValueError:
            raise CommandError(f"{volts!r} is not a voltage in V") from None
        return f"the power module reports {volts} V"

    def bus_off(self, outlet: str = "1") -> str:
        """The CAN bus of its power module goes bus-off."""
        self._outlet(outlet).hub.bus_off()
        return "the bus is bus-off"

    def garbage(self, outlet: str = "1") -> str:
        """Send bytes that are no frames on the CAN bus."""
        self._outlet(outlet).hub.garbage()
        return "garbage sent"

    def replay(self, file: str, speed: str = "1", outlet: str = "1") -> str:
        """Replay a log (candump, .asc, .trc) instead of vehicle and module; speed 0: as fast as it can."""
        there = self._outlet(outlet)
        if self._replay is not None and not self._replay.done():
            raise CommandError("a log is being replayed; replay-end stops it")
        try:
            log, factor = replay.read(file), float(speed)
        except replay.LogError as error:
            raise CommandError(str(error)) from None
        except ValueError:
            raise CommandError(f"{speed!r} is not a speed: a number from 0") from None
        if not 0 <= factor < float("inf"):
            raise CommandError(f"{speed!r} is not a speed: a number from 0")
        nodes = (there.vehicle, there.module)
        self._replay = asyncio.ensure_future(replay.play_alone(log, there.hub, nodes, factor))
        return f"replaying {log}"

    async def replay_end(self) -> str:
        """Stop the replay: vehicle and module send again."""
        if self._replay is None or self._replay.done():
            raise CommandError("no log is being replayed")
        self._replay.cancel()
        await asyncio.gather(self._replay, return_exceptions=True)
        return "the replay is stopped"

    def jam_lock(self) -> str:
        """Jam the connector lock (board unix_socket)."""
        try:
            self._station.jam_lock()
        except FileNotFoundError:
            raise CommandError("this board has no connector lock") from None
        return "the lock is jammed"

    def clear_faults(self) -> str:
        """End every fault."""
        self._station.clear_faults()
        return "all faults are cleared"

    async def remote_start(self, tag: str, outlet: str = "1") -> str:
        """RemoteStartTransaction."""
        self._outlet(outlet)
        answer = await self._station.central.call(call.RemoteStartTransaction(id_tag=tag, connector_id=int(outlet)))
        return answer.status

    async def remote_stop(self, outlet: str = "1") -> str:
        """RemoteStopTransaction of the transaction that runs."""
        self._outlet(outlet)
        for transaction in self._station.central.books.transactions.values():
            if transaction.stop is None and transaction.start["connector_id"] == int(outlet):
                answer = await self._station.central.call(call.RemoteStopTransaction(transaction_id=transaction.id))
                return answer.status
        raise CommandError("no transaction runs")

    async def reset(self, kind: str = "soft") -> str:
        """Reset, soft or hard."""
        if kind not in ("soft", "hard"):
            raise CommandError(f"a reset is soft or hard, not {kind!r}")
        return (await self._station.central.call(call.Reset(type=ResetType(kind.capitalize())))).status

    async def config(self, key: str, value: str) -> str:
        """ChangeConfiguration."""
        return (await self._station.central.call(call.ChangeConfiguration(key=key, value=value))).status

    async def get(self, key: str = "") -> str:
        """GetConfiguration of one key, or of all."""
        answer = await self._station.central.call(call.GetConfiguration(key=[key] if key else None))
        known = [
            f"{item['key']} = {item.get('value', '')}{' (read only)' if item['readonly'] else ''}"
            for item in answer.configuration_key or ()
        ]
        return "\n".join(known + [f"{name}: unknown key" for name in answer.unknown_key or ()])

    async def call(self, action: str, *payload: str) -> str:
        """Any CALL, as it is: call TriggerMessage {"requestedMessage": "Heartbeat"}."""
        try:
            content = json.loads(" ".join(payload) or "{}")
        except ValueError as error:
            raise CommandError(f"the payload is not JSON: {error}") from None
        central = self._station.central
        answer = await central.wait_answer(await central.call_raw(action, content), _CALL_S)
        return json.dumps(answer.payload)

    async def close(self) -> None:
        """Close the port, and stop a replay."""
        if self._replay is not None:
            self._replay.cancel()
            await asyncio.gather(self._replay, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _outlet(self, number: str) -> SimulatedOutlet:
        """The simulated devices of one outlet. Raises CommandError."""
        outlets = self._station.outlets
        if number not in map(str, range(1, len(outlets) + 1)):
            raise CommandError(f"there is no outlet {number!r}: this board has {len(outlets)}")
        return outlets[int(number) - 1]

    def _commands(self):
        own = {"serve", "execute", "close"}
        names = [name for name in vars(type(self)) if not name.startswith("_") and name not in own]
        return {name.replace("_", "-"): getattr(self, name) for name in names}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):  # ValueError: a line without an end
            while line := await reader.readline():
                writer.write((await self.execute(line.decode("utf-8", "replace")) + "\n\n").encode())
                await writer.drain()
        writer.close()


def usage(name: str, method) -> str:
    """How a command is written."""
    words = [name]
    for parameter in inspect.signature(method).parameters.values():
        optional = parameter.default is not parameter.empty
        words.append(f"[{parameter.name.upper()}]" if optional else parameter.name.upper())
    return " ".join(words)
