"""ux509 in MicroPython, driven by host tests: a process that works with certificates (upy/lib/ux509_server.py)."""

import hashlib
import json
import subprocess
from pathlib import Path

import pki
from upy_collect import interpreter

ROOT = Path(__file__).parents[1]
MESSAGE = b"a firmware image, say"
DIGEST = hashlib.sha256(MESSAGE).digest()
UTC = int(pki.NOW.timestamp())


class Ux509:
    """One MicroPython process; use it with ``with``."""

    def __init__(self):
        program = ROOT / "tests_unix/upy/lib/ux509_server.py"
        command = [interpreter(), str(program), str(ROOT / "lib")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        status = self.process.wait(10)
        self.process.stdout.close()
        assert status == 0

    def ask(self, do, **arguments):
        """The answer to a request; ``{"raised", "text"}`` for an exception."""
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def chain(self, *chain, roots, utc=UTC):
        """The root (its DER) that a chain was verified to, or the reason why not."""
        ders = [certificate.der.hex() for certificate in chain]
        answer = self.ask("chain", chain=ders, roots=[root.der.hex() for root in roots], utc=utc)
        if isinstance(answer, str):
            return bytes.fromhex(answer)
        assert answer["raised"] == "Untrusted", answer
        return answer["text"]

    def digest(self, spki, signature, digest=DIGEST):
        """Is it a signature of MESSAGE?"""
        return self.ask("digest", spki=spki.hex(), digest=digest.hex(), signature=signature.hex())
