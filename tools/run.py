"""``make run``: the firmware in this terminal, with a simulated vehicle, power module and central system around it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import termios

from tools.firmware import missing_interpreter
from tools.homelock import HomeInUse
from tools.simulate import options_of_site, site

_BANNER = """\
ucharge on the MicroPython unix port. This terminal is the firmware's console; Ctrl-C ends everything.

  here                 h  help        auth TAG  present a card      s  start      t  stop (emergency)      why
  a second terminal    make sim CMD="plug"             put the gun in, CMD="unplug" pulls it out
                       make sim CMD="remote-start TAG" and CMD="remote-stop" as the operator's central system
                       make sim CMD="stop-bms"         break things: silent-bms, silent-charger, bus-off, garbage,
                                                       over-temperature, wrong-voltage ...; CMD="heal" mends all
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


async def _run(options: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    async with site(options, shared_terminal=True) as (station, _):
        print(_BANNER.format(log=options.home / "central.log", home=options.home.resolve()), flush=True)
        loop.add_signal_handler(signal.SIGINT, station.firmware.end_soon, not sys.stdin.isatty())
        loop.add_signal_handler(signal.SIGTERM, station.firmware.end_soon, True)
        station.firmware.on_restart = lambda: print("\n-- the firmware starts again --", flush=True)
        await station.firmware.start()
        return await station.firmware.wait(timeout=None)


def main() -> int:
    """Run until the firmware ends; returns its status, 2 where it cannot begin."""
    options = options_of_site((__doc__ or "").splitlines()[0]).parse_args()
    wrong = missing_interpreter()
    try:
        if not wrong:
            with _terminal():
                return asyncio.run(_run(options))
    except HomeInUse as error:
        wrong = str(error)
    print(wrong, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
