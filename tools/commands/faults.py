"""Commands that cause faults of vehicle, power module, bus and lock, and the one that ends them."""

from __future__ import annotations

import asyncio

from tools import replay
from tools.commands import CommandError, Commands, command, number_of
from tools.first_run import RADIO, write_networks
from tools.layout import has
from tools.station import Station


class FaultCommands(Commands):
    """Faults at an outlet."""

    group = "faults"

    def __init__(self, station: Station):
        super().__init__(station)
        self._replay: asyncio.Task | None = None

    @command("BMS silent", active=lambda outlet: outlet.vehicle.silent)
    def silent_bms(self, outlet: str = "1") -> str:
        """The BMS sends no more frames."""
        self._outlet(outlet).vehicle.silent = True
        return "the BMS is silent"

    @command("Power module silent", active=lambda outlet: outlet.module.silent)
    def silent_charger(self, outlet: str = "1") -> str:
        """The power module sends no more frames."""
        self._outlet(outlet).module.silent = True
        return "the power module is silent"

    @command(
        "Disconnect module",
        active=lambda outlet: any(unit.rx_off for unit in getattr(outlet.module, "units", ())),
        where=lambda station: hasattr(station.module, "units"),
    )
    def cut_module(self, address: str, outlet: str = "1") -> str:
        """Disconnect one of several power modules from the bus (boards unix_infy, unix_elcon)."""
        units = {f"{unit.address:#x}": unit for unit in getattr(self._outlet(outlet).module, "units", ())}
        try:
            unit = units[f"{int(address, 0):#x}"]
        except (ValueError, KeyError):
            raise CommandError(f"no module {address}; there are {', '.join(units) or 'none with addresses'}") from None
        unit.silent = unit.rx_off = True
        return f"module {address} is disconnected"

    @command("Over-temperature", active=lambda outlet: outlet.module.over_temperature)
    def over_temperature(self, outlet: str = "1") -> str:
        """The power module overheats and shuts itself off."""
        self._outlet(outlet).module.overheat()
        return "the power module reports over-temperature"

    @command("Hardware failure", active=lambda outlet: outlet.module.hardware_failure)
    def hardware_failure(self, outlet: str = "1") -> str:
        """The power module reports a hardware failure."""
        self._outlet(outlet).module.hardware_failure = True
        return "the power module reports a hardware failure"

    @command("Input voltage wrong", active=lambda outlet: outlet.module.input_wrong)
    def wrong_input(self, outlet: str = "1") -> str:
        """The power module reports a wrong input voltage."""
        self._outlet(outlet).module.input_wrong = True
        return "the power module reports a wrong input voltage"

    @command("Does not stop", active=lambda outlet: outlet.module.runs_on)
    def runs_on(self, outlet: str = "1") -> str:
        """The power module ignores stop requests."""
        self._outlet(outlet).module.runs_on = True
        return "the power module does not stop"

    @command("Over-current", active=lambda outlet: outlet.module.excess_a > 0)
    def over_current(self, amps: str = "50", outlet: str = "1") -> str:
        """The power module delivers so much more than its setpoint, in A."""
        value = number_of(amps, "a current in A", 0, 10000)
        self._outlet(outlet).module.excess_a = value
        return f"the power module delivers {amps} A more than its setpoint"

    @command("Wrong voltage", active=lambda outlet: outlet.module.forced_v is not None)
    def wrong_voltage(self, volts: str = "95", outlet: str = "1") -> str:
        """The power module reports this terminal voltage, in V."""
        value = number_of(volts, "a voltage in V", -10000, 10000)
        self._outlet(outlet).module.forced_v = value
        return f"the power module reports {volts} V"

    @command("Bus-off", active=lambda outlet: outlet.hub.broken)
    def bus_off(self, outlet: str = "1") -> str:
        """The CAN bus of its power module goes bus-off."""
        self._outlet(outlet).hub.bus_off()
        return "the bus is bus-off"

    @command("Garbage on the bus")
    def garbage(self, outlet: str = "1") -> str:
        """Send bytes that are no frames on the CAN bus."""
        self._outlet(outlet).hub.garbage()
        return "garbage sent"

    @command("Replay log")
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

    @command("Stop replay")
    async def replay_end(self) -> str:
        """Stop the replay: vehicle and module send again."""
        if self._replay is None or self._replay.done():
            raise CommandError("no log is being replayed")
        await self.close()
        return "the replay is stopped"

    async def close(self) -> None:
        """Stop a replay."""
        if self._replay is not None:
            self._replay.cancel()
            await asyncio.gather(self._replay, return_exceptions=True)


def _has_radio(station: Station) -> bool:
    return (station.home / RADIO).exists()


class SiteCommands(Commands):
    """What is of the whole site."""

    group = "site"

    @command("Jam lock", where=lambda station: has(station.board, "drivers.filelock:FileLock"))
    def jam_lock(self) -> str:
        """Jam the connector lock (board unix_socket)."""
        try:
            self._station.jam_lock()
        except FileNotFoundError:
            raise CommandError("this board has no connector lock") from None
        return "the lock is jammed"

    @command("Wi-Fi off", where=_has_radio)
    async def wifi_off(self) -> str:
        """No Wi-Fi network is in range any more, and so no central system."""
        self._set_networks(False)
        await self._station.central.stop()
        return "no network is in range"

    @command("Wi-Fi on", where=_has_radio)
    async def wifi_on(self) -> str:
        """The Wi-Fi networks are in range again."""
        self._set_networks(True)
        await self._station.central.go_online()
        return "the networks are in range"

    def _set_networks(self, there: bool) -> None:
        if not _has_radio(self._station):
            raise CommandError("the Wi-Fi of this site is the host's network")
        write_networks(self._station.home, there)

    @command("Clear all faults")
    async def clear_faults(self) -> str:
        """End every fault."""
        self._station.clear_faults()
        if _has_radio(self._station):
            write_networks(self._station.home)
        await self._station.central.go_online()
        return "all faults are cleared"
