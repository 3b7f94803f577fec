"""make deploy: settings and state of a device with MicroPython on a serial port, by mpremote's transport.

    python -m tools.deploy --port PORT [--save FOLDER] [--restore FOLDER] [--settings settings.json]

The charger is stopped in an orderly way (Ctrl-C), what is requested is done in this order, and the device resets.
State is the folder ``state`` of the charger's home: transactions, meter register, configuration keys. Settings are
checked against the board that the device reports.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from mpremote.transport import Transport, TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from tools.image import SETTINGS, Refused, check_settings
from tools.selection import Selection, SelectionError, boards

_STATE = "state"
_PROMPT = b">>> "
_STOP_S = 30
_AGAIN_S = 3  # longer than an orderly stop takes
_WRONG = 2

# The charger's watchdog runs on without it (drivers/wdt.py): a longer one takes its place until the reset at the end.
_ABOUT = """
import machine
if hasattr(machine, "WDT"):
    machine.WDT(timeout=600000)
try:
    import image
    _home = getattr(__import__(image.BOARD, None, None, ("HOME",)), "HOME", "/")
    _about = (image.BOARD, _home, image.VERSION)
except ImportError:
    _about = None
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    usage = "make deploy PORT=... [SETTINGS=settings.json] [SAVE=folder] [RESTORE=folder]"
    parser = argparse.ArgumentParser("make deploy", usage)
    parser.add_argument("--port", metavar="PORT", required=True)
    parser.add_argument("--settings", type=Path, help="settings.json to lay into the charger's home")
    parser.add_argument("--save", type=Path, help="copy the device's state to this folder")
    parser.add_argument("--restore", type=Path, help="copy the state in this folder to the device")
    options = parser.parse_args(arguments)
    try:
        if not (options.settings or options.save or options.restore):
            raise Refused("nothing to do: name SETTINGS, SAVE or RESTORE")
        if options.restore and not options.restore.is_dir():
            raise Refused(f"{options.restore}: no such folder")
        with Device(options.port) as device:
            work(device, options)
    except (Refused, TransportError, SerialException, OSError) as error:
        print(f"make deploy: {options.port}: {str(error).strip().splitlines()[-1]}", file=sys.stderr)
        return _WRONG
    return 0


def work(device: Device, options: argparse.Namespace) -> None:
    """Carry out the options on a stopped device, and reset it. Raises Refused, TransportError, OSError."""
    print(f"{device.board} {device.version} at {options.port}")
    try:
        settings = checked(device.board, options.settings) if options.settings else None
        if options.save:
            print(f"{options.save}: {device.save(options.save)} files of state saved")
        if options.restore:
            print(f"{options.restore}: {device.restore(options.restore)} files of state restored")
        if settings is not None:
            device.put(SETTINGS, settings)
            print(f"{options.settings}: is the device's {SETTINGS} now")
    finally:
        device.reset()


def checked(board: str, path: Path) -> bytes:
    """The bytes of settings that the board takes. Raises Refused."""
    name = board.removeprefix("boards.")
    if board.startswith("boards.") and name not in boards():
        raise Refused(f"the device's board {name} is not in this tree: its settings cannot be checked")
    try:
        return check_settings(Selection(name), path)
    except SelectionError as error:
        raise Refused(str(error)) from None


class Device:
    """A charger stopped at MicroPython's raw REPL. board, version: of its image; home: its files are below."""

    def __init__(self, port: str):
        self._port = port

    def __enter__(self) -> Device:
        self._transport: Transport = SerialTransport(self._port, baudrate=115200)
        try:
            self._interrupt()
            self._transport.enter_raw_repl(soft_reset=False)
            self._transport.exec(_ABOUT)
            about = self._transport.eval("_about")
            if about is None:
                raise Refused("MicroPython answers, but the device has no image of ucharge")
            self.board, self.home, self.version = about[0], about[1].rstrip("/"), about[2]
        except BaseException:
            self._transport.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._transport.close()

    def _interrupt(self) -> None:
        """Ctrl-C until the prompt is there: the first may come while it starts. Raises Refused."""
        serial = self._transport.serial
        seen, began, sent = b"", time.monotonic(), 0.0
        while not seen.endswith(_PROMPT):
            now = time.monotonic()
            if now - began > _STOP_S:
                raise Refused(f"no prompt of MicroPython within {_STOP_S} s")
            if now - sent > _AGAIN_S:
                serial.write(b"\x03")
                sent = now
            seen = (seen + serial.read(max(1, serial.in_waiting)))[-1000:] if serial.in_waiting else seen
            time.sleep(0.01)

    def save(self, folder: Path) -> int:
        """Copy the state to a folder; returns the number of files."""
        names = self._state()
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_bytes(self._transport.fs_readfile(f"{self.home}/{_STATE}/{name}"))
        return len(names)

    def restore(self, folder: Path) -> int:
        """Put the files of a folder in the place of the state; returns their number."""
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        if not paths:
            raise Refused(f"{folder}: no files in it")
        for name in self._state():
            self._transport.fs_rmfile(f"{self.home}/{_STATE}/{name}")
        if not self._transport.fs_exists(f"{self.home}/{_STATE}"):
            self._transport.fs_mkdir(f"{self.home}/{_STATE}")
        for path in paths:
            self._transport.fs_writefile(f"{self.home}/{_STATE}/{path.name}", path.read_bytes())
        return len(paths)

    def put(self, name: str, data: bytes) -> None:
        """Write a file of the home: whole or, at a power cut, not at all."""
        target = f"{self.home}/{name}"
        self._transport.fs_writefile(target + ".new", data)
        self._transport.exec(f"import os; os.rename({target + '.new'!r}, {target!r})")

    def reset(self) -> None:
        """Start it again, as power on does."""
        self._transport.exec_raw_no_follow("import machine; machine.reset()")

    def _state(self) -> list[str]:
        if not self._transport.fs_exists(f"{self.home}/{_STATE}"):
            return []
        return [entry.name for entry in self._transport.fs_listdir(f"{self.home}/{_STATE}")]


if __name__ == "__main__":
    sys.exit(main())
