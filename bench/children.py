"""Child processes of a measurement: started with pipes, queried line by line, ended by their own pid."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEVICE = ROOT / "bench" / "device"
_END_S = 5


class BenchError(Exception):
    """A measurement could not be made; the message is the reason."""


def interpreter() -> str:
    """The MicroPython to use: the environment's MICROPYTHON, or the one beside this Python."""
    return os.environ.get("MICROPYTHON") or str(Path(sys.executable).parent / "micropython")


def micropython(script: str, *arguments: object) -> list[str]:
    """The command for one of the scripts in bench/device."""
    return [interpreter(), str(DEVICE / script), *map(str, arguments)]


def python(module: str, *arguments: object) -> list[str]:
    """The command for one of bench's modules in this Python."""
    return [sys.executable, "-m", "bench." + module, *map(str, arguments)]


class Child:
    """``with Child(command) as child:`` runs it in the repository; its output is read as lines.

    `started` is the time.monotonic() of just before the start, `lines` all that was read so far.
    """

    def __init__(self, command: list[str], env: dict[str, str] | None = None):
        self.command = command
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def line(self, start: str = "", timeout: float = 60) -> str:
        """The rest of the next line that begins with `start`. Raises BenchError: time-out or end of output."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._queue.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise BenchError(f"no line {start!r} within {timeout} s\n{self._tail()}") from None
            if line is None:
                raise BenchError(f"ended without a line {start!r}\n{self._tail()}")
            self.lines.append(line)
            if line.startswith(start):
                return line[len(start) :].strip()

    def until(self, text: str, timeout: float) -> None:
        """Read up to the next line that holds `text`. Raises BenchError: time-out or end of output."""
        deadline = time.monotonic() + timeout
        while text not in self.line("", max(0.001, deadline - time.monotonic())):
            pass

    def rest(self) -> list[str]:
        """The lines that are not read yet; to be called after its end."""
        self._reader.join(_END_S)
        found = []
        while (line := self._queue.get()) is not None:
            found.append(line)
        return found

    def write(self, text: str) -> None:
        """Type into its standard input."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def wait(self, timeout: float = 60) -> int:
        """Wait for its end; returns the status. Raises BenchError."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BenchError(f"has not ended within {timeout} s\n{self._tail()}") from None

    def cpu_s(self) -> float | None:
        """Seconds of CPU that it used so far, or None where the system has no /proc."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End it; harmless when it has ended."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(_END_S)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _tail(self) -> str:
        return " ".join(self.command) + "\n" + "\n".join("  " + line for line in self.lines[-20:])

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.end()
