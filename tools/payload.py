"""What goes into a file system of a device: main.py and, below lib, the board's selection as .mpy; its cost in heap."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from tools import mpy
from tools.firmware import ROOT, interpreter
from tools.selection import Selection

ENTRY = "main.py"  # MicroPython starts it from source only
LIB = "lib/"
_DEVICE = ROOT / "tools" / "device"
_HEAP = "heapsize=16M"

# Free GC heap of a stock ESP32_GENERIC 1.26.1, read on its REPL; with Wi-Fi up.
STOCK_FREE = 135 * 1024
GC_HEAP = 112_000 + 23_936  # of our own images, for objects: boards/ports/shared/gc_heap.h

Files = dict[str, bytes]


class ScriptError(Exception):
    """MicroPython on this machine ended a script with an error, which is the message."""


def payload(selection: Selection, arch: str) -> Files:
    """{path: contents}. arch: machine code for mpy-cross. Raises MpyError."""
    sources = dict(selection.files)
    entry = sources.pop(ENTRY)
    compiled = mpy.compile_all(sources.items(), arch)
    return {ENTRY: entry.read_bytes(), **{LIB + path: data for path, data in sorted(compiled.items())}}


def heap_from_files(selection: Selection) -> int:
    """Bytes of GC heap that the modules take on a 32-bit device once they are imported from .mpy files: an estimate.

    Measured by importing them in this machine's MicroPython, with stand-ins for the device's own modules. Its words
    have 8 bytes instead of 4; bytecode and names have the same size on both, and nearly all of a .mpy file is that. So
    with m measured and f the size of the files the device needs f + (m - f) / 2 = (m + f) / 2. A 32-bit MicroPython
    (1.27, WebAssembly) took 3 % less than this for the board unix.
    """
    files = payload(selection, host_arch())
    with tempfile.TemporaryDirectory() as folder:
        write(files, Path(folder))
        return (_heap(folder, files) + sum(map(len, files.values())) - len(files[ENTRY])) // 2


def heap_from_romfs(selection: Selection) -> int:
    """The same from a ROMFS: bytecode and names stay in the flash; what is left is nearly all words, half as long."""
    files = payload(selection, host_arch())
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "romfs.img"
        image.write_bytes(romfs(files))
        return _heap(str(image), files) // 2


def _heap(place: str, files: Files) -> int:
    modules = ["main", *(module_of(path) for path in files if path.startswith(LIB))]
    return int(micropython("heap_of.py", place, *modules))


def romfs(files: Files) -> bytes:
    """A ROMFS image, made by mpremote's builder; its size is even, as VfsRom needs."""
    writer = VfsRomWriter()
    _add(writer, files)
    return writer.finalise()


def _add(writer: VfsRomWriter, files: Files) -> None:
    folders: dict[str, Files] = {}
    for path, data in sorted(files.items()):
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = data
        else:
            writer.mkfile(first, data)
    for name, inside in folders.items():
        writer.opendir(name)
        _add(writer, inside)
        writer.closedir()


def module_of(path: str) -> str:
    """lib/core/log.mpy -> core.log, lib/core/__init__.mpy -> core."""
    return path.removeprefix(LIB).removesuffix(".mpy").removesuffix("/__init__").replace("/", ".")


def host_arch() -> str:
    """The machine code that this machine's MicroPython runs, in the words of mpy-cross; "" for none."""
    code = "import sys; print(sys.implementation._mpy >> 10)"
    number = int(run([interpreter(), "-c", code]))
    return ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")[number]


def write(files: Files, folder: Path) -> None:
    """Lay the files into a folder of this machine."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def micropython(script: str, *arguments: str) -> str:
    """Run a script of tools/device; returns what it prints. Raises ScriptError."""
    return run([interpreter(), "-X", _HEAP, str(_DEVICE / script), *arguments])


def run(command: list[str]) -> str:
    """Return the output of a command. Raises ScriptError with the last thing it said."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise ScriptError((result.stdout.strip() or result.stderr.strip() or "no message").splitlines()[-1])
    return result.stdout
