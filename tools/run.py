"""``make run``: the firmware in this terminal, with a simulated vehicle, power module and central system around it.

A board of the unix port runs from source, one of the qemu port as its image in QEMU, which is built first. There are
two pages for a browser of this machine: the charger's own, and one of the simulation around it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any

from tools.arguments import tcp_port
from tools.build_firmware import build
from tools.firmware import Firmware, missing_interpreter
from tools.first_run import (
    INSTALLER,
    NETWORK,
    PASSWORD,
    RADIO,
    RunError,
    Settings,
    free_port,
    is_preset,
    is_set_up,
    kept,
    set_up,
    web_port,
    write_networks,
)
from tools.homelock import HomeInUse
from tools.layout import settings_of
from tools.qemu import QemuFirmware
from tools.selection import Selection, SelectionError
from tools.simpage import SimulatorPage
from tools.simulate import options_of_site, site
from tools.station import POINT, Station
from tools.terminal import shared_terminal
from tools.toolchain import BuildError

_BANNER = """\
ucharge, board {board}. This terminal is the firmware's console; Ctrl-C ends everything.

{pages}

  here                 h  help        auth TAG  present a card      s  start      t  stop (emergency)      why
  a second terminal    make sim CMD="plug"             what the buttons do; CMD="help" lists it

Messages of the central system: {log}
Of several simulations this is: make sim ARGS="--home {home}" CMD="..."
"""
_PAGES = """\
  OPEN IN A BROWSER    {simulator}    the simulator: it leads to a charged vehicle in four steps
  the charger's page   {charger}    {login}"""
_PAGE = """\
  OPEN IN A BROWSER    {simulator}    the simulator: vehicle, power module and central system as buttons"""
_NEW = "not set up yet"
_KNOWN = "set up already, with the passwords that were chosen there"
_PRESET = f"set up already: installer's password {INSTALLER}"


def _kind(board: str) -> Callable[..., Firmware]:
    """What runs a board on this machine, once its image is built. Raises BuildError, SelectionError."""
    port = Selection(board).port
    if port == "unix":
        return Firmware
    if port != "qemu":
        raise BuildError(
            f"the board {board} runs on the port {port} (its PORT), not on this machine; make run takes boards of the "
            "ports unix and qemu"
        )
    print(f"Building the image of {board} ...", flush=True)
    build(board)
    return QemuFirmware


class Site:
    """What is around the firmware of one run: how it is set up, and its two pages."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        settings = settings_of(options.board)
        self.has_page = "port" in settings.get("web", {})
        self.has_radio = "radio" in settings.get("wifi", {})
        self.configured = options.configured or not self.has_radio
        self.port = web_port(options.home, options.web_port) if self.has_page else 0
        self.sim_port = free_port(options.sim_port)

    def prepare(self, preset: Settings) -> Settings:
        """The settings that are written."""
        if not self.has_page:
            return preset
        settings = set_up(preset) if self.configured else kept(preset, self.options.home)
        settings["web"] = {**settings.get("web", {}), "address": "127.0.0.1", "port": self.port}
        if self.has_radio:
            write_networks(self.options.home)
            settings["wifi"] = {**settings.get("wifi", {}), "radio": RADIO}
        return settings

    @property
    def charger(self) -> str:
        return f"http://127.0.0.1:{self.port}/" if self.has_page else ""

    def facts(self, station: Station) -> dict[str, Any]:
        """What the simulator's page shows of it."""
        setup = {}
        if self.has_page and not self.configured and not is_set_up(self.options.home):
            setup = {
                "Network": NETWORK,
                "Password of the network": PASSWORD,
                "Address of the central system": station.central.url,
                "Identity of this charger": POINT,
            }
        return {
            "board": self.options.board,
            "outlets": len(station.outlets),
            "charger": self.charger,
            "setup": setup,
            "password": INSTALLER if self.has_page and is_preset(self.options.home) else "",
        }

    def banner(self, simulator: str) -> str:
        """What is printed at the beginning."""
        home = self.options.home.resolve()
        login = _PRESET if is_preset(self.options.home) else _KNOWN if is_set_up(self.options.home) else _NEW
        pages = (_PAGES if self.has_page else _PAGE).format(simulator=simulator, charger=self.charger, login=login)
        return _BANNER.format(board=self.options.board, pages=pages, log=self.options.home / "central.log", home=home)


async def _run(options: argparse.Namespace, kind: Callable[..., Firmware]) -> int:
    loop = asyncio.get_running_loop()
    here = Site(options)
    async with site(options, shared_terminal=True, kind=kind, prepare=here.prepare) as (station, control):
        page = SimulatorPage(control, lambda: here.facts(station), here.sim_port).start()
        try:
            print(here.banner(page.url), flush=True)
            loop.add_signal_handler(signal.SIGINT, station.firmware.end_soon, True)
            loop.add_signal_handler(signal.SIGTERM, station.firmware.end_soon, True)
            station.firmware.on_restart = lambda: print("\n-- the firmware restarts --", flush=True)
            await station.firmware.start()
            return await station.firmware.wait(timeout=None)
        finally:
            await asyncio.to_thread(page.stop)


def options_of_run() -> argparse.ArgumentParser:
    """The options of ``make run``."""
    parser = options_of_site((__doc__ or "").splitlines()[0])
    parser.add_argument("--configured", action="store_true", help="the charger is set up already")
    parser.add_argument("--web-port", type=tcp_port, default=0, help="of the charger's page; 0: a free one")
    parser.add_argument("--sim-port", type=tcp_port, default=0, help="of the simulator's page; 0: a free one")
    return parser


def main() -> int:
    """Run until the firmware ends; returns its status, 2 where it cannot begin."""
    options = options_of_run().parse_args()
    wrong = missing_interpreter()
    try:
        if not wrong:
            kind = _kind(options.board)
            with shared_terminal():
                return asyncio.run(_run(options, kind))
    except (HomeInUse, RunError, BuildError, SelectionError) as error:
        wrong = str(error)
    print(wrong, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
