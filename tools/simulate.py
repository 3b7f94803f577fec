"""The simulated site without the firmware; commands at a prompt and over TCP.

``python -m tools.simulate``; then start the firmware by hand with the home that is printed, and type ``help`` here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

from tools.arguments import number
from tools.battery import PACKS
from tools.control import Control
from tools.homelock import HomeInUse, held
from tools.selection import SelectionError
from tools.sim import HOME, RUNNING
from tools.station import Station


def options_of_site(description: str) -> argparse.ArgumentParser:
    """The command line options that describe a simulated site."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--home", type=Path, default=HOME, help="the firmware's settings and state")
    parser.add_argument("--board", default="unix", help="the firmware's board; unix_two has two outlets")
    parser.add_argument("--pack", choices=PACKS, default="Classic", help="the vehicle's battery")
    parser.add_argument("--soc", type=number(0, 100), default=35, help="its charge at the start, per cent")
    parser.add_argument("--speed", type=number(0.01, 10000), default=20, help="how much faster than real it fills")
    parser.add_argument("--heartbeat", action="store_true", help="the power module sends its heartbeat too")
    return parser


@contextlib.asynccontextmanager
async def site(options: argparse.Namespace, **more):
    """A Station and its Control, as the options describe them. Raises HomeInUse."""
    try:
        options.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeInUse(f"the home {options.home} cannot be made: {error.strerror}") from None
    with held(options.home), (options.home / "central.log").open("a", encoding="utf-8") as log:
        station = Station(
            options.home,
            pack=options.pack,
            soc=options.soc / 100,
            speed=options.speed,
            module={"heartbeat": True} if options.heartbeat else {},
            log=log,
            firmware=False,
            board=options.board,
            **more,
        )
        async with station:
            control = Control(station)
            await control.serve(options.home)
            try:
                with _registered(options.home):
                    yield station, control
            finally:
                await control.close()


@contextlib.contextmanager
def _registered(home: Path):
    """Let ``make sim`` find the home of this simulation."""
    RUNNING.mkdir(parents=True, exist_ok=True)
    entry = RUNNING / str(os.getpid())
    entry.write_text(str(home.resolve()), encoding="utf-8")
    try:
        yield
    finally:
        entry.unlink(missing_ok=True)


async def _prompt(control: Control) -> None:
    """Run the commands that are typed until the end of input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line.strip():
            print(await control.execute(line.decode("utf-8", "replace")), flush=True)


async def _simulate(options: argparse.Namespace) -> None:
    async with site(options) as (station, control):
        print(f"CAN bus        {station.hub.url}")
        print(f"central system {station.central.url}")
        print(f"firmware       {' '.join(station.firmware.command)}")
        print("Commands (help lists them):", flush=True)
        await _prompt(control)


def main() -> int:
    """Run the site until the end of input or Ctrl-C; returns the status."""
    options = options_of_site((__doc__ or "").splitlines()[0]).parse_args()
    try:
        asyncio.run(_simulate(options))
    except KeyboardInterrupt:
        pass
    except (HomeInUse, SelectionError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
