"""The ESP32's watchdog, machine.WDT."""


class Wdt:
    """Resets the device if `feed` was not called for ``timeout_ms``.

    `begin` arms it where the board declares it as early, `start` at the latest, so a board should name it first: what
    hangs while the firmware starts is reset, too, and an image on trial with it.

    Nothing stops it again: neither an orderly stop nor Ctrl-C. After a Reset (status 3) that does not matter. Who works
    at the REPL after Ctrl-C has `timeout_ms` until the device resets; on the ESP32 a new one moves that:
    ``import machine; machine.WDT(timeout=3600000)``.

    30 s by default: steps of a TLS handshake, and the check of a new image, block everything, feeding included.
    """

    options = {"timeout_ms": (int, 30000, 1000, 600000)}

    def __init__(self, timeout_ms):
        self._timeout_ms = timeout_ms
        self._wdt = None

    def begin(self):
        """Arm it before the others are loaded. Raises OSError."""
        self.feed()

    async def start(self):
        """Arm it. Raises OSError."""
        self.feed()

    def feed(self):
        """All is well. The first one arms it. Raises OSError."""
        if self._wdt is None:
            from machine import WDT

            self._wdt = WDT(timeout=self._timeout_ms)
        self._wdt.feed()
