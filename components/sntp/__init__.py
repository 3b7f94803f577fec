"""The time by SNTP (RFC 4330, RFC 5905), as long as the central system has not told it.

=====  =====================================================
query  asks one server; loaded while that is done
=====  =====================================================
"""

import asyncio
from micropython import const

from core.loading import unload

_FIRST_MS = const(15000)  # so long after the network is there the central system has to tell the time
_BACK_OFF_MS = const(30000)  # after all servers were asked in vain: the first; it doubles
_BACK_OFF_MAX_MS = const(3600000)
_AGAIN_MS = const(43200000)  # a clock of 50 ppm is 2 s wrong by then


class Sntp:
    """Asks SNTP servers for the time, which nobody vouches for: what the central system tells replaces it at once, is
    never replaced by it, and no certificate is judged by it (see `Stamps.suppose`).

    Option ``servers``: names or IPv4 addresses, with ``:port`` or without, separated by commas; ``gateway`` is that of
    the network. They are asked in turn, 15 s after the network is there, and then once in 12 h. "": none. One that
    answers "do not ask" is not asked again until the next start.

    ``server``: the one that told the time, ""; ``state``: what became of the last question, as text. Counters:
    ``asked`` servers, ``answered`` questions.
    """

    requires = ("station", "wifi", "clock", "log", "kernel")
    provides = ("page",)
    options = {"servers": (str, "", 0, 128)}

    server = ""
    state = "not asked"
    _task = _due_ms = None
    asked = answered = _back_off_ms = 0

    def __init__(self, station, wifi, clock, log, kernel, servers):
        self._servers = _listed(servers)
        self._stamps = station.stamps
        self._wifi = wifi
        self._clock = clock
        self._log = log
        self._block = kernel.urgent.block
        if self._servers:
            station.add_step(self._step)

    @staticmethod
    def check_settings(options, of):
        """See `core.declare`."""
        _listed(options["servers"])

    def _step(self):
        """Every 250 ms: is it time to ask?"""
        if self._task is not None or self._clock.sure_utc_ms() is not None:
            return
        if not self._wifi.online.value:
            self._due_ms = None
        elif self._due_ms is None:
            self._due_ms = self._clock.uptime_ms() + _FIRST_MS
        elif self._clock.uptime_ms() >= self._due_ms:
            try:
                self._task = asyncio.create_task(self._ask())
            except MemoryError:
                pass  # the next step tries again

    async def stop(self):
        if self._task is not None:
            self._task.cancel()

    async def _ask(self):
        """Ask the servers in turn until one tells the time."""
        utc_ms = None
        try:
            utc_ms = await self._ask_all()
        except MemoryError:
            self.state = "out of memory"
        finally:
            self._task = None
            unload("components.sntp.query")
            self._back_off_ms = 0 if utc_ms else min(2 * self._back_off_ms or _BACK_OFF_MS, _BACK_OFF_MAX_MS)
            self._due_ms = self._clock.uptime_ms() + (self._back_off_ms or _AGAIN_MS)

    async def _ask_all(self):
        from components.sntp.query import DENIED, Refused, ask

        for server in tuple(self._servers):
            self.asked += 1
            try:
                utc_ms = await ask(server, self._wifi, self._block, self._clock.earliest_ms)
            except (OSError, Refused) as e:
                self.state = "%s: %s" % (server, e)
                self._log.rare("no time: %s", self.state)
                if e.args[0] in DENIED:
                    self._servers.remove(server)
                continue
            self.answered += 1
            self.server, self.state = server, "told the time"
            self._stamps.suppose(utc_ms)
            return utc_ms
        return None

    def page(self):
        """What the console shows."""
        text = "SNTP: %(servers)s; %(asked)d times asked, %(answered)d answered; %(state)s"
        data = {"servers": ", ".join(self._servers) or "no servers", "asked": self.asked, "answered": self.answered}
        data["state"] = "the central system tells the time" if self._clock.sure_utc_ms() is not None else self.state
        yield "sntp", text, data


def _listed(text):
    """The servers of an option. Raises ValueError."""
    servers = [server.strip() for server in text.split(",") if server.strip()]
    for server in servers:
        host, colon, port = server.partition(":")
        if " " in server or not host or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
            raise ValueError("option 'servers': %r is no name or IPv4 address, with a port or without" % server)
    return servers
