"""A Linux watchdog device in the shape of machine.WDT."""


class HostWatchdog:
    """Feeds the watchdog device at `path`, such as /dev/watchdog; with no path it only counts.

    The device is opened, which arms it, with the first feed. An orderly stop disarms it by the "magic close" (Linux
    kernel, watchdog-api); after any other end of the process it resets the machine. `fed` counts.
    """

    options = {"path": (str, "")}

    def __init__(self, path):
        self._path = path
        self._file = None
        self.fed = 0

    def feed(self):
        """Tell the watchdog that all is well. Raises OSError."""
        if self._path:
            if self._file is None:
                self._file = open(self._path, "wb")
            self._file.write(b"\0")
        self.fed += 1

    async def stop(self):
        file, self._file = self._file, None
        if file is not None:
            file.write(b"V")
            file.close()
