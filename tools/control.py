"""Commands for a running simulation, one line each: over TCP (``make sim CMD="plug"``) or at a prompt."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Sequence
from pathlib import Path

from ocpp.exceptions import OCPPError

from tools.commands import Command, CommandError, Commands, command
from tools.commands.central import CentralCommands
from tools.commands.faults import FaultCommands, SiteCommands
from tools.commands.vehicle import CardCommands, VehicleCommands
from tools.sitestate import state, status_lines
from tools.station import Station

PORT_FILE = "control.port"


class Control(Commands):
    """Runs command lines: the name of a command, its arguments separated by blanks.

    An outlet is its number, 1 where none is given. ``commands``: all of them, by name.
    """

    def __init__(self, station: Station):
        super().__init__(station)
        kinds = (VehicleCommands, CardCommands, FaultCommands, SiteCommands, CentralCommands)
        self._parts: list[Commands] = [self, *(kind(station) for kind in kinds)]
        self.commands: dict[str, Command] = {row.name: row for part in self._parts for row in part.rows()}
        self._server: asyncio.AbstractServer | None = None

    async def serve(self, home: Path) -> int:
        """Listen on a free port of this machine, written into ``home/control.port``; returns it."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        (home / PORT_FILE).write_text(f"{port}\n", encoding="utf-8")
        return port

    async def execute(self, line: str) -> str:
        """Run a command line; returns the answer. That of a wrong line begins with "error: "."""
        name, *arguments = line.split() or ["help"]
        try:
            return await self.run(name, arguments)
        except CommandError as error:
            return f"error: {error}"

    async def run(self, name: str, arguments: Sequence[str]) -> str:
        """Run a command; returns the answer. Raises CommandError."""
        found = self.commands.get(name)
        if found is None:
            raise CommandError(f"no command {name!r}; try help")
        try:
            inspect.signature(found.run).bind(*arguments)
        except TypeError:
            raise CommandError(f"usage: {found.usage}") from None
        try:
            answer = found.run(*arguments)
            return await answer if inspect.isawaitable(answer) else answer
        except (OCPPError, OSError, asyncio.TimeoutError) as error:
            raise CommandError(str(error) or type(error).__name__) from None

    def state(self) -> dict:
        """The site as data, see `tools.sitestate`; of each outlet also the ``active`` commands, whose effect lasts."""
        now = state(self._station)
        for shown, outlet in zip(now["outlets"], self._station.outlets):
            shown["active"] = [row.name for row in self.commands.values() if row.active and row.active(outlet)]
        return now

    def described(self) -> list[dict]:
        """The commands that this site has a button for."""
        rows = [row for row in self.commands.values() if row.group]
        return [row.described() for row in rows if row.where is None or row.where(self._station)]

    @command("Help")
    def help(self) -> str:
        """This list."""
        width = max(len(row.usage) for row in self.commands.values())
        return "\n".join(f"  {row.usage:{width}}  {row.help}" for row in self.commands.values())

    @command("Status")
    def status(self) -> str:
        """Batteries, power modules and central system in numbers."""
        return "\n".join(status_lines(state(self._station)))

    async def close(self) -> None:
        """Close the port, and end what a command has left running."""
        for part in self._parts[1:]:
            await part.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):  # ValueError: a line without an end
            while line := await reader.readline():
                writer.write((await self.execute(line.decode("utf-8", "replace")) + "\n\n").encode())
                await writer.drain()
        writer.close()
