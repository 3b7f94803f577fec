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
from tools.powermodule import PowerModule
from tools.vehicle import Vehicle

POINT = "CP-1"
LOCK_FILE = "lock"  # of the board unix_socket, see drivers/filelock.py


class Station:
    """``async with Station(home) as station:`` starts everything, on ports that the system chooses, and ends it.

    home: directory of the firmware's settings and state; kept. settings: laid over the default settings.json, section
    by section; a value None removes a key. pack, soc, speed: of the battery. module, vehicle, central: options for
    those classes. firmware=False leaves the firmware out (``await station.firmware.start()`` starts it later). board:
    the firmware's, "" for the usual one. kind: what makes the firmware, Firmware or a class like it.
    """

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
    ):
        self.home = Path(home)
        self.hub = Hub()
        self.central = Central(log=log, **(central or {}))
        self.battery = Battery(pack, soc, speed)
        self.firmware = kind(
            self.home,
            shared=shared_terminal,
            log=None if shared_terminal else self.home / "console.log",
            **({"board": board} if board else {}),
        )
        self.module: PowerModule
        self.vehicle: Vehicle
        self._settings = settings or {}
        self._module_options = module or {}
        self._vehicle_options = vehicle or {}
        self._with_firmware = firmware

    async def start(self) -> Station:
        """Start all parts; the firmware last. Returns when its process runs (see ``wait_booted``)."""
        await self.hub.start()
        await self.central.start()
        self.module = PowerModule(self.hub.url, **self._module_options)
        self.vehicle = Vehicle(self.hub.url, self.battery, self.module, **self._vehicle_options)
        await asyncio.gather(self.module.start(), self.vehicle.start())
        self.write_settings()
        if self._with_firmware:
            await self.firmware.start()
        return self

    async def stop(self) -> None:
        """End all parts, the firmware first by a power cut (``firmware.interrupt()`` before is an orderly stop)."""
        await self.firmware.kill()
        nodes = [node for node in (getattr(self, "vehicle", None), getattr(self, "module", None)) if node]
        await asyncio.gather(*(node.stop() for node in nodes))
        await self.central.stop()
        await self.hub.close()

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
        """What settings.json says."""
        merged: dict[str, dict] = {
            "ocpp": {
                "url": self.central.url,
                "id": POINT,
                "vendor": "ucharge",
                "model": "simulated",
                "vendor_id": "RivotMotors",
                "local_transfers": True,
            },
            "can": {"port": self.hub.url},
            "wifi": {"ssid": "depot", "password": "correct horse"},
        }
        for section, values in self._settings.items():
            merged[section] = {**merged.get(section, {}), **values}
        return {
            section: {key: value for key, value in values.items() if value is not None}
            for section, values in merged.items()
        }

    def write_settings(self) -> None:
        """Write settings.json into the home."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "settings.json").write_text(json.dumps(self.settings, indent=2) + "\n", encoding="utf-8")

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

    def heal(self) -> None:
        """End every fault: bus, vehicle, module, lock and central system are well again."""
        if (self.home / LOCK_FILE).exists():
            self.jam_lock(False)
        self.hub.bus_ok()
        self.vehicle.heal()
        self.module.heal()
