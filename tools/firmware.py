"""The firmware as a child process: its console, its end, its restart."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import ctypes
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tools.terminal import SharedInput

ROOT = Path(__file__).resolve().parent.parent
RESET_STATUS = 3  # "start me again": the end of a Reset or an update
_STOP_S = 15
_KEPT_OUTPUT = 1_000_000
_CTRL_C = "\x03"
_CTRL_U = "\x15"  # an empty line
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # now: in a child between fork and exec nothing may be loaded


def interpreter() -> str:
    """The MicroPython to use: the environment's MICROPYTHON, or the one beside this Python."""
    return os.environ.get("MICROPYTHON") or str(Path(sys.executable).parent / "micropython")


def missing_interpreter() -> str:
    """That there is no MicroPython to use, in one sentence; "" if there is one."""
    found = os.environ.get("UCHARGE_EXECUTABLE") or shutil.which(interpreter())
    words = "there is no such program; name a MicroPython, or leave the variable out for the one in .venv"
    return "" if found else f"MICROPYTHON={interpreter()}: {words}"


def _end_with_the_parent() -> None:
    """In the child: whatever ends its parent cuts its power too (prctl(2)); nothing else would."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_of(board: str) -> list[str]:
    """What starts the firmware, without its home: the executable UCHARGE_EXECUTABLE, or main.py with a board."""
    executable = os.environ.get("UCHARGE_EXECUTABLE")
    return [executable] if executable else [interpreter(), str(ROOT / "main.py"), board]


class Firmware:
    """``micropython main.py BOARD --home HOME``, started again whenever it requests it (status 3).

    shared: its console is this process's terminal; otherwise its output is kept in ``text`` and ``lines``. ``write()``
    types on its console. ``starts`` counts starts, ``returncode`` is None while it runs, and between its end and the
    start that it requested. When this process ends, however it does, its power is cut.
    """

    def __init__(self, home: Path, board: str = "unix", shared: bool = False, log: Path | None = None):
        self.home = Path(home)
        self.command = [*start_of(board), "--home", str(home)]
        self.shared = shared
        self.log = log
        self.text = ""
        self.starts = 0
        self.on_restart: Callable[[], None] | None = None
        self._off = False
        self._input: SharedInput | None = None
        self._cut = 0  # characters that left the front of ``text``
        self._more = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task | None = None
        self._keeper: asyncio.Task | None = None

    @property
    def returncode(self) -> int | None:
        return self._keeper.result() if self._keeper is not None and self._keeper.done() else None

    @property
    def runs(self) -> bool:
        """Whether its process is there now."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def mark(self) -> int:
        """A point in the output, for ``wait_output(since=...)``."""
        return self._cut + len(self.text)

    async def start(self) -> Firmware:
        """Power on. Raises FileNotFoundError without an interpreter."""
        self._off = False
        if self.shared and self._input is None:
            loop = asyncio.get_running_loop()
            self._input = SharedInput(lambda: loop.call_soon_threadsafe(self.end_soon, False))
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def write(self, text: str | bytes) -> None:
        """Type on its console. Raises BlockingIOError where that is shared, which takes text, and takes none now."""
        if self._input is not None:
            assert isinstance(text, str)
            if not self._input.type(text):
                raise BlockingIOError("the firmware's console takes no input now")
            return
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(text.encode() if isinstance(text, str) else text)
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()

    async def type_line(self, line: str) -> None:
        """Type a line in place of what somebody may have begun to type. Raises as `write`."""
        await self.write(f"{_CTRL_U}{line}\n")

    async def wait_output(self, pattern: str, timeout: float = 10, since: int = 0) -> re.Match[str]:
        """Return the first match in the output after the mark. Raises TimeoutError, showing the last output."""
        compiled = re.compile(pattern, re.MULTILINE)
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            self._more.clear()
            found = compiled.search(self.text, max(0, since - self._cut))
            if found:
                return found
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._more.wait(), max(0.001, left))
            except asyncio.TimeoutError:
                tail = "\n".join(self.lines[-30:])
                raise TimeoutError(f"{pattern!r} not seen within {timeout} s; the console ends with:\n{tail}") from None

    async def wait(self, timeout: float | None = 15) -> int:
        """Wait until it has ended for good; returns its status. None waits for ever. Raises TimeoutError."""
        assert self._keeper is not None
        try:
            return await asyncio.wait_for(asyncio.shield(self._keeper), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"the firmware has not ended within {timeout} s") from None

    async def interrupt(self, timeout: float = 15) -> int:
        """Type Ctrl-C on its console: an orderly stop. Returns the status; raises TimeoutError.

        A SIGINT ends, in MicroPython, whatever task it hits, which then has no part in the stop.
        """
        self._off = True
        await self.write(_CTRL_C)
        return await self.wait(timeout)

    def end_soon(self, signalled: bool) -> None:
        """Begin an orderly stop, and cut the power if it does not come. signalled: no Ctrl-C has been typed for it."""
        self._off = True
        if signalled:
            self._signal(signal.SIGINT)
        asyncio.get_running_loop().call_later(_STOP_S, self._signal, signal.SIGKILL)

    async def kill(self) -> None:
        """Cut the power. Harmless when it has ended."""
        if self._keeper is not None:
            self._off = True
            self._signal(signal.SIGKILL)
            await self._keeper

    async def restart(self) -> None:
        """Cut the power if it is on, and switch it on again."""
        await self.kill()
        await self.start()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _spawn(self) -> None:
        pipes = {"stdin": -1, "stdout": -1, "stderr": asyncio.subprocess.STDOUT}
        if self._input is not None:
            pipes = {"stdin": self._input.fd}
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            preexec_fn=_end_with_the_parent,
            **pipes,  # type: ignore[arg-type]
        )
        self.starts += 1
        if not self.shared:
            self._reader = asyncio.create_task(self._read(self._process))

    async def _keep(self) -> int:
        """Start it again as long as it requests it; returns the last status."""
        while True:
            assert self._process is not None
            status = await self._process.wait()
            if self._reader is not None:
                await self._reader
            if status != RESET_STATUS or self._off:
                return status
            if self.on_restart is not None:
                self.on_restart()
            await self._spawn()
            if self._off:  # since then: who switched it off knew of the process before
                self._signal(signal.SIGKILL)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := await process.stdout.read(4096):
            text = decoder.decode(data)
            if self.log is not None:
                with self.log.open("a", encoding="utf-8") as file:
                    file.write(text)
            self.text += text
            if len(self.text) > _KEPT_OUTPUT:
                self._cut += len(self.text) - _KEPT_OUTPUT // 2
                self.text = self.text[-_KEPT_OUTPUT // 2 :]
            self._more.set()
