"""What takes a new firmware image: the part that is the same for a flash partition and for a file."""
# mypy: disable-error-code="attr-defined"

import asyncio
import hashlib
from micropython import const

BLOCK = const(4096)  # bytes that a flash erases at once
IDLE, WRITING, FINISHED, ACTIVATED = "idle", "writing", "finished", "activated"


class UpdateError(OSError):
    """The image, or the order of the calls, is wrong; the message says what."""


class ImageError(UpdateError):
    """What came is no image for this board."""


class Sink:
    """``begin(size)``, ``write(chunk)`` as often as it takes, ``await finish()``, ``activate()``, and then a restart.

    The new image runs on trial: `pending` is True until `confirm`. A restart without `confirm` goes back to the image
    before. `abort` ends it at any point before `activate`; an error does so by itself. ``state`` is one of IDLE,
    WRITING, FINISHED, ACTIVATED; ``size`` (None: not known before the end) and ``written`` are bytes, ``digest`` is the
    SHA-256 of the image once it is finished. All raise OSError (UpdateError is one, and ``ImageError``).

    ``blocks``: writing stops everything else for longer than a charger that charges may stand still.

    The whole image is never in memory: there is one block of 4096 bytes, from `begin` to the end.

    A kind of sink provides ``pending()``, whether the running image is on trial; ``running()``, a name of the slot that
    runs, or was chosen to run at the last start, "" if there is none; ``target()``, the name of the slot that takes the
    new image; ``confirm()``, which ends the trial (only `components.trial:Trial` calls it); and to write with
    ``_open(size)``, ``_append(chunk)``, ``_flush()``, ``_read(at, view)``, ``_activate()``, ``_close()``.
    """

    blocks = False
    ImageError = ImageError
    # Of the class until there is an update, which saves memory.
    size = written = 0
    digest = None
    state = IDLE
    _buffer = bytearray(0)
    _hash: hashlib.sha256 = None

    def begin(self, size):
        """Prepare for `size` bytes; None: as many as there is room for."""
        self._must_be(IDLE)
        if self.pending():
            raise UpdateError("the image that runs is on trial: a new one would overwrite the one to go back to")
        if size is not None and size <= 0:
            raise UpdateError("an image of %d bytes" % size)
        self._open(size)
        self._buffer = bytearray(BLOCK)
        self._hash = hashlib.sha256()
        self.size, self.written = size, 0
        self.state = WRITING

    def write(self, chunk):
        """Take the next bytes, any number."""
        self._must_be(WRITING)
        try:
            if self.size is not None and self.written + len(chunk) > self.size:
                raise UpdateError("more than the %d bytes that were told" % self.size)
            self._append(chunk)
        except OSError:
            self.abort()
            raise
        self._hash.update(chunk)
        self.written += len(chunk)

    async def finish(self, sha256=None):
        """Check length, `sha256` (bytes, if it is known) and, reading all of it back, what was really written."""
        self._must_be(WRITING)
        try:
            if self.size is None and self.written:
                self.size = self.written
            if self.written != self.size:
                raise UpdateError("%d bytes came, %d were told" % (self.written, self.size or 1))
            digest = self._hash.digest()
            if sha256 is not None and sha256 != digest:
                raise UpdateError("the SHA-256 is not the one that was told")
            self._flush()
            if await self._read_back() != digest:
                raise UpdateError("what was written reads back differently")
            self.digest = digest
            self.state = FINISHED
        finally:
            self._buffer = bytearray(0)
            if self.state != FINISHED:
                self.abort()

    async def _read_back(self):
        """The SHA-256 of what is there now; others get their turn after each block."""
        found = hashlib.sha256()
        for at in range(0, self.size, BLOCK):
            view = memoryview(self._buffer)[: min(BLOCK, self.size - at)]
            self._read(at, view)
            found.update(view)
            await asyncio.sleep_ms(0)
        return found.digest()

    def activate(self):
        """Have the next start run the new image, on trial."""
        self._must_be(FINISHED)
        try:
            self._activate()
            self.state = ACTIVATED
        finally:
            if self.state != ACTIVATED:
                self.abort()

    def abort(self):
        """Forget what was written; nothing of it will run."""
        if self.state == ACTIVATED:
            raise UpdateError("the new image is active already")
        self._close()
        self._buffer = bytearray(0)
        self.size = self.written = 0
        self.digest = None
        self.state = IDLE

    def _must_be(self, state):
        if self.state != state:
            raise UpdateError("the update is %s, not %s" % (self.state, state))
