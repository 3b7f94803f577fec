"""``make run``: the firmware in this terminal, with a simulated vehicle, power module and central system around it.

A board of the unix port runs from source, one of the qemu port as its image in QEMU, which is built first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import termios
from collections.abc import Callable

from tools.build_firmware import build
from tools.firmware import Firmware, missing_interpreter
from tools.homelock import HomeInUse
from tools.qemu import QemuFirmware
from tools.selection import Selection, SelectionError
from tools.simulate import options_of_site, site
from tools.toolchain import BuildError

_BANNER = """\
ucharge, board {board}. This terminal is the firmware's console; Ctrl-C ends everything.

  here                 h  help        auth TAG  present a card      s  start      t  stop (emergency)      why
  a second terminal    make sim CMD="plug"             plug the vehicle in, CMD="unplug" unplugs it
                       make sim CMD="remote-start TAG" and CMD="remote-stop" as the operator's central system
                       make sim CMD="stop-bms"         cause a fault: silent-bms, silent-charger, bus-off, garbage,
                                                       over-temperature, wrong-voltage ...; CMD="clear-faults" ends it
                       make sim CMD="plug 2"           the same at the second outlet of a board that has one
                       make sim CMD="help"             every command; CMD="status" the simulation in numbers

A session: plug in, then auth TAG here, watch [Metrics], then auth TAG again or unplug.
Messages of the central system: {log}
Of several simulations this is: make sim ARGS="--home {home}" CMD="..."
"""


@contextlib.contextmanager
def _terminal():
    """Give the terminal back as it was, however the firmware ends."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


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


async def _run(options: argparse.Namespace, kind: Callable[..., Firmware]) -> int:
    loop = asyncio.get_running_loop()
    async with site(options, shared_terminal=True, kind=kind) as (station, _):
        log, home = options.home / "central.log", options.home.resolve()
        print(_BANNER.format(board=options.board, log=log, home=home), flush=True)
        loop.add_signal_handler(signal.SIGINT, station.firmware.end_soon, not sys.stdin.isatty())
        loop.add_signal_handler(signal.SIGTERM, station.firmware.end_soon, True)
        station.firmware.on_restart = lambda: print("\n-- the firmware restarts --", flush=True)
        await station.firmware.start()
        return await station.firmware.wait(timeout=None)


def main() -> int:
    """Run until the firmware ends; returns its status, 2 where it cannot begin."""
    options = options_of_site((__doc__ or "").splitlines()[0]).parse_args()
    wrong = missing_interpreter()
    try:
        if not wrong:
            kind = _kind(options.board)
            with _terminal():
                return asyncio.run(_run(options, kind))
    except (HomeInUse, BuildError, SelectionError) as error:
        wrong = str(error)
    print(wrong, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
