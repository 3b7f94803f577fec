"""The energy register in a memory that takes many small writes, between two commits to the journal."""

from micropython import const

_KEY = const("register")
_FIRST = const("1/register")  # where outlet 1 of a board with several had it; the larger counts
_WH_MAX = const(0x7FFFFFFF)


class KeptRegister:
    """Keeps the energy register in NVS as whole Wh, rounded down, so that a power cut takes less of it.

    A number in NVS is appended within a page, where a record of the journal erases a block of its file system. `start`
    gives back what was kept, so it is declared before whatever reads the register at its own start. With a journal that
    was lost the register continues from there as well.
    """

    requires = ("meter", "nvs", "kernel", "log")

    def __init__(self, meter, nvs, kernel, log):
        self._meter = meter
        self._nvs = nvs
        self._urgent = kernel.urgent
        self._log = log

    async def start(self):
        wh = None
        try:
            wh = self._nvs.get_number(_KEY)
            former = self._nvs.get_number(_FIRST)
            if former is not None and former > (wh or 0):
                wh = former
        except OSError as e:
            self._log.error("not read: %s", e)
        if self._meter.keep_by(self._keep, None if wh is None else 1000 * wh):
            self._log.info("energy register %d Wh, ahead of the journal", wh)
        elif wh is not None and 1000 * wh > self._meter.energy_mwh.value:
            self._log.warning("energy register %d Wh in NVS, too far ahead of the journal: not taken", wh)

    def _keep(self, mwh):
        """Write it; returns whether it could be."""
        wh = mwh // 1000
        if wh > _WH_MAX:
            return False
        try:
            self._urgent.block("NVS", self._nvs.put_number, _KEY, wh)
        except OSError as e:
            self._log.error("not written, the journal takes it from here: %s", e)
            return False
        return True
