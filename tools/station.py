"""A whole charging site in one process: bus, vehicle, power module, central system, and the firmware as its child."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from tools.battery import Battery, Pack
from tools.central import Central
from tools.firmware import Firmware
from tools.hub import Hub
from tools.layout import LayoutError, Outlet, outlets
from tools.powerstage import PowerStage
from tools.vehicle import Vehicle

POINT = "CP-1"
LOCK_FILE = "lock"  # of the board unix_socket, see drivers/filelock.py


class SimulatedOutlet:
    """What is at one outlet: a battery, its vehicle, a power module. The hubs are the buses of the latter two."""

    module: PowerStage
    vehicle: Vehicle

    def __init__(self, layout: Outlet, hub: Hub, vehicle_hub: Hub, battery: Battery):
        self.layout = layout
        self.hub = hub
        self.vehicle_hub = vehicle_hub
        self.battery = battery

    async def start(self, make: Callable[..., PowerStage], module: dict[str, Any], vehicle: dict[str, Any]) -> None:
        """Put both on their buses."""
        self.module = make(self.hub.url, **module)
        self.vehicle = Vehicle(self.vehicle_hub.url, self.battery, self.module, **vehicle)
        if self.vehicle_hub is self.hub:
            self.vehicle.bitrate = self.module.bitrate
        await asyncio.gather(self.module.start(), self.vehicle.start())

    async def stop(self) -> None:
        """Take both off."""
        nodes = [node for node in (getattr(self, "vehicle", None), getattr(self, "module", None)) if node]
        await asyncio.gather(*(node.stop() for node in nodes))

    def clear_faults(self) -> None:
        self.vehicle.clear_faults()
        self.module.clear_faults()


class Station:
    """``async with Station(home) as station:`` starts everything, on ports that the system chooses, and ends it.

    home: directory of the firmware's settings and state; kept. settings: laid over the default settings.json, section
    by section; a value None removes a key. pack, soc, speed: of the batteries. module, vehicle, central: options for
    those classes. firmware=False leaves the firmware out (``await station.firmware.start()`` starts it later). board:
    the firmware's, "" for the usual one: its declaration has the buses and outlets, and what simulates
    their power modules. kind: what makes the firmware, Firmware or a class like it. make_module: what makes a power
    module, ``make_module(url, **module)``, where the declaration does not name it. prepare: what makes of the settings
    those that are written.

    ``board`` is its name, ``outlets`` are all of them; battery, vehicle, module, hub (the power module's bus) are those
    of the first.
    """

    module: PowerStage
    vehicle: Vehicle

    def __init__(
        self,
        home: Path | str,
        *,
        settings: dict[str, Any] | None = None,
        pack: str | Pack = "Classic",
        soc: float = 0.35,
        speed: float = 1.0,
        module: dict[str, Any] | None = None,
        vehicle: dict[str, Any] | None = None,
        central: dict[str, Any] | None = None,
        log: TextIO | None = None,
        shared_terminal: bool = False,
        firmware: bool = True,
        board: str = "",
        kind: Callable[..., Firmware] = Firmware,
        make_module: Callable[..., PowerStage] | None = None,
        prepare: Callable[[dict[str, dict]], dict[str, dict]] | None = None,
    ):
        self.home = Path(home)
        self.central = Central(log=log, **(central or {}))
        self.hubs: dict[tuple[str, ...], Hub] = {}  # by the setting that names their port
        self.outlets = []
        self.board = board or "unix"
        for layout in outlets(self.board):
            hub, vehicle_hub = (self.hubs.setdefault(path, Hub()) for path in (layout.module_bus, layout.vehicle_bus))
            self.outlets.append(SimulatedOutlet(layout, hub, vehicle_hub, Battery(pack, soc, speed)))
        self.hub, self.battery = self.outlets[0].hub, self.outlets[0].battery
        self.firmware = kind(
            self.home,
            shared=shared_terminal,
            log=None if shared_terminal else self.home / "console.log",
            **({"board": board} if board else {}),
        )
        self._make_module = make_module
        self._prepare = prepare
        self._settings = settings or {}
        self._module_options = module or {}
        self._vehicle_options = vehicle or {}
        self._with_firmware = firmware

    async def start(self) -> Station:
        """Start all parts; the firmware last. Returns when its process runs (see ``wait_booted``)."""
        for hub in self.hubs.values():
            await hub.start()
        await self.central.start()
        for outlet in self.outlets:
            make = self._make_module or outlet.layout.module
            if make is None:
                raise LayoutError(f"nothing simulates the power module of {outlet.layout.use}: give make_module")
            await outlet.start(make, self._module_options, self._vehicle_options)
        self.module, self.vehicle = self.outlets[0].module, self.outlets[0].vehicle
        self.write_settings()
        if self._with_firmware:
            await self.firmware.start()
        return self

    async def stop(self) -> None:
        """End all parts, the firmware first by a power cut (``firmware.interrupt()`` before is an orderly stop)."""
        await self.firmware.kill()
        await asyncio.gather(*(outlet.stop() for outlet in self.outlets))
        await self.central.stop()
        for hub in self.hubs.values():
            await hub.close()

    async def __aenter__(self) -> Station:
        try:
            return await self.start()
        except BaseException:
            await self.stop()
            raise

    async def __aexit__(self, *_) -> None:
        await self.stop()

    @property
    def settings(self) -> dict[str, dict]:
        """The contents of settings.json, before `prepare`."""
        merged: dict[str, dict] = {
            "ocpp": {
                "url": self.central.url,
                "id": POINT,
                "vendor": "ucharge",
                "model": "simulated",
                "vendor_id": "RivotMotors",
                "local_transfers": True,
            },
            "wifi": {"ssid": "depot", "password": "correct horse"},
        }
        for (*sections, key), hub in self.hubs.items():
            inner: dict[str, Any] = merged
            for section in sections:
                inner = inner.setdefault(section, {})
            inner[key] = hub.url
        for section, values in self._settings.items():
            merged[section] = {**merged.get(section, {}), **values}
        return {
            section: {key: value for key, value in values.items() if value is not None}
            for section, values in merged.items()
        }

    def write_settings(self) -> None:
        """Write settings.json into the home."""
        self.home.mkdir(parents=True, exist_ok=True)
        settings = self._prepare(self.settings) if self._prepare is not None else self.settings
        (self.home / "settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    async def wait_booted(self, timeout: float = 20, since: int = 0) -> None:
        """Wait until the central system has answered a BootNotification with Accepted. Raises TimeoutError."""

        def accepted(message) -> bool:
            answered = message.direction == "out" and message.action == "BootNotification"
            return answered and isinstance(message.payload, dict) and message.payload.get("status") == "Accepted"

        await self.central.messages.wait(accepted, timeout, since, "accepted BootNotification")

    async def until(self, condition: Callable[[], bool], timeout: float = 10, what: str = "condition") -> None:
        """Wait until a condition holds in the simulation. Raises TimeoutError, naming ``what`` was awaited."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not condition():
            if loop.time() > deadline:
                raise TimeoutError(f"no {what} within {timeout} s")
            await asyncio.sleep(0.02)

    def jam_lock(self, jammed: bool = True) -> None:
        """The connector lock stays where it is (or moves again). Raises FileNotFoundError on a board without one."""
        file = self.home / LOCK_FILE
        position = file.read_text(encoding="utf-8").split()[-1]
        beside = file.with_suffix(".jam")
        beside.write_text(f"jammed {position}\n" if jammed else f"{position}\n", encoding="utf-8")
        beside.replace(file)

    def clear_faults(self) -> None:
        """End every fault: bus, vehicle, module, lock and central system are well again."""
        if (self.home / LOCK_FILE).exists():
            self.jam_lock(False)
        for hub in self.hubs.values():
            hub.bus_ok()
        for outlet in self.outlets:
            outlet.clear_faults()
