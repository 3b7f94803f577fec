"""``hashlib`` with SHA-1, which MicroPython has only together with a TLS library: WebSocket's handshake needs it."""

import mps2
from uhashlib import *  # noqa: F403


class sha1:  # type: ignore[no-redef]
    """``sha1(data).digest()``; what is hashed is kept in memory until then."""

    def __init__(self, data=b""):
        self._data = bytes(data)

    def update(self, data):
        """Hash more bytes."""
        self._data += data

    def digest(self):
        """The 20 bytes."""
        return mps2.sha1(self._data)
