"""The real firmware of the unix port with its console on two file descriptors of a test's own."""

import json
import os
import re
import select
import signal
import subprocess
import time

from tools.firmware import ROOT, interpreter

SETTINGS = {
    "ocpp": {"url": "ws://127.0.0.1:1/ocpp", "id": "CP-1"},  # nobody is there
    "can": {"port": "socket://127.0.0.1:1"},
}


class Firmware:
    """The firmware with its console on two file descriptors of ours."""

    def __init__(self, home, stdin, stdout, settings=SETTINGS):
        (home / "settings.json").write_text(json.dumps(settings))
        command = [interpreter(), str(ROOT / "main.py"), "unix", "--home", str(home)]
        self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stdout)
        self.text = ""
        self._seen = 0

    def read_until(self, fd, pattern, timeout=20):
        """Read until the pattern is found behind what was found before; returns the match."""
        deadline = time.monotonic() + timeout
        while not (found := re.compile(pattern).search(self.text, self._seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} not seen in {self.text[self._seen :]!r}"
            if select.select([fd], [], [], left)[0]:
                try:
                    data = os.read(fd, 4096)
                except OSError:  # the other side of a pty is gone
                    data = b""
                assert data, f"{pattern!r} not seen before the end of {self.text[self._seen :]!r}"
                self.text += data.decode(errors="replace")
        self._seen = found.end()
        return found

    def interrupt(self):
        """Ctrl-C, while it waits for something; returns its status.

        MicroPython's unix port raises KeyboardInterrupt wherever it is; in a garbage collection that leaves the heap
        locked for good, and the process ends with status 1.
        """
        while process_state(self.process.pid) != "S":
            time.sleep(0.001)
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def process_state(pid):
    """R, S (sleeping), Z ... as in proc(5)."""
    return process_fields(pid)[0]


def process_fields(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()
