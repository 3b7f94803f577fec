"""An update of the firmware by a person, over what the board has for updates; loaded while it is used."""


class Update:
    """What an image is fed to: ``begin``, ``write`` ..., ``await finish()``. They raise OSError, MemoryError.

    Nothing is in this object: each one is of the one update that there is. One that the central system has ordered
    excludes it, and it that one. It is over with an error, and when no bytes come for 20 s.

    ``status``: "Idle", or a status of SignedFirmwareStatusNotification, also of the central system's; ``size`` of the
    image (0: not known) and what is ``written`` of it, in bytes; ``signed``: whether it has to be.
    """

    def __init__(self, firmware):
        self._firmware = firmware

    @property
    def status(self):
        update = self._firmware.update
        return "Idle" if update is None else update.status or "Idle"

    @property
    def size(self):
        return self._firmware.sink.size or 0

    @property
    def written(self):
        return self._firmware.sink.written

    @property
    def signed(self):
        return not self._firmware.unsigned

    def begin(self, size, signature="", certificate=""):
        """`size` in bytes, None if it is not known. What it is verified by, as in SignedUpdateFirmware: the signature
        of its SHA-256 in base64, the certificate in PEM; both "" for an image without.
        """
        self._firmware.begin_local(size, signature, certificate)

    def write(self, chunk):
        """The next bytes."""
        self._begun().write(chunk)

    async def finish(self):
        """All bytes are there. Returns "" if they are right: then it is installed, which is a restart, once no
        transaction runs; else what is wrong.
        """
        return await self._begun().finish()

    def _begun(self):
        if not hasattr(self._firmware.update, "write"):
            raise OSError("no update was begun")
        return self._firmware.update

    def abort(self):
        """Give it up, unless it is being installed."""
        if hasattr(self._firmware.update, "abort"):
            self._firmware.update.abort()
