"""The firmware image of qemu_arm as a child process: QEMU with its store, its bus and its line to the central system.

Same interface as ``tools.firmware.Firmware``: a kill of QEMU is a power cut, status 3 starts it again.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools import littlefs_image
from tools.firmware import ROOT, Firmware
from tools.toolchain import need

PACKAGES = ("qemu-system-arm",)
STORE_SIZE = 1 << 20  # the file system in the board's PSRAM, from its beginning on
_PSRAM_SIZE = 16 << 20


def image(board: str = "qemu_arm") -> Path:
    """The image that ``make firmware BOARD=qemu_arm`` builds."""
    return ROOT / "build" / board / "firmware.elf"


class QemuFirmware(Firmware):
    """QEMU with the image; its console is QEMU's standard input and output.

    The store is ``home/psram.bin``, the board's PSRAM, with a littlefs. It is made at the first start from
    ``home/settings.json``, which has the ports to connect with, too; afterwards only the settings are written again,
    where they changed. files: {path in the file system: contents}, more of them. icount: QEMU's ``-icount`` setting.
    alone: nothing is connected to bus and line; what is sent there is lost.
    """

    def __init__(self, home: Path, board: str = "qemu_arm", icount: str = "", alone: bool = False, **options: Any):
        super().__init__(home, board, **options)
        self.image = image(board)
        self.files: dict[str, bytes] = {}
        self.icount = icount
        self.alone = alone
        self._pack: dict[str, bytes] = {}

    async def start(self) -> Firmware:
        """Power on. Raises FileNotFoundError without an image, BuildError without QEMU."""
        if not self.image.exists():
            raise FileNotFoundError(f"{self.image}: make firmware BOARD={self.image.parent.name}")
        need(PACKAGES)
        settings = json.loads((self.home / "settings.json").read_text(encoding="utf-8"))
        self._prepare(settings)
        self.command = self._command(settings)
        return await super().start()

    def end_soon(self, signalled: bool) -> None:
        """Begin an orderly stop, for which Ctrl-C has been typed; signalled: cut the power."""
        self._off = True
        asyncio.get_running_loop().call_later(0 if signalled else 15, self._cut_power)

    def _cut_power(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    @property
    def store(self) -> Path:
        """The file that is the board's PSRAM."""
        return self.home / "psram.bin"

    def _prepare(self, settings: dict[str, dict]) -> None:
        """Make the store, or write changed settings into it."""
        own = {section: values for section, values in settings.items() if section not in ("can", "wifi")}
        pack = {"settings.json": json.dumps(own).encode(), **self.files}
        if not self.store.exists():
            content, _ = littlefs_image.build(pack, STORE_SIZE)
            with self.store.open("wb") as file:
                file.write(content)
                file.truncate(_PSRAM_SIZE)
        elif pack != self._pack:
            with self.store.open("r+b") as file:
                files = littlefs_image.read(file.read(STORE_SIZE))
                content, _ = littlefs_image.build({**files, **pack}, STORE_SIZE)
                file.seek(0)
                file.write(content)
        self._pack = pack

    def _command(self, settings: dict[str, dict]) -> list[str]:
        """QEMU's command line. UART 1 leads to the bus hub, UART 2 to the central system, UART 3 to a second bus."""
        memory = f"memory-backend-file,id=psram,share=on,mem-path={self.store},size={_PSRAM_SIZE}"
        command = ["qemu-system-arm", "-machine", "mps2-an385,memory-backend=psram", "-object", memory]
        command += ["-display", "none", "-monitor", "none", "-semihosting-config", "enable=on,target=native"]
        command += ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
        buses = [settings["can"]] if "port" in settings["can"] else [settings["can"][scope] for scope in ("1", "2")]
        lines = [("can", buses[0]["port"]), ("net", settings["ocpp"]["url"])]
        for name, url in [*lines, *(("can2", bus["port"]) for bus in buses[1:])]:
            address = urlsplit(url)
            line = f"socket,id={name},host={address.hostname},port={address.port},nodelay=on,reconnect=1"
            command += ["-chardev", f"null,id={name}" if self.alone else line, "-serial", f"chardev:{name}"]
        if self.icount:
            command += ["-icount", self.icount]
        return [*command, "-kernel", str(self.image)]
