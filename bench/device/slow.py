"""A store on a medium whose flush blocks everything for 60 ms."""

import time

from components.persistence import Persistence

FLUSH_MS = 60


class Slow(Persistence):
    """The journal; each flush takes as long as the erase of a block."""

    def _flush(self, records):
        super()._flush(records)
        time.sleep_ms(FLUSH_MS)
