"""machine.WDT (machine_wdt.c), RTC.memory (machine_rtc.c), reset and reset_cause."""


class Reset(BaseException):
    """machine.reset() does not return."""


class Wdt:
    """One for the device. `timeout_ms` of the last configuration, `fed` counts."""

    def __init__(self):
        self.timeout_ms = None
        self.fed = 0

    def __call__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError()
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self.timeout_ms = timeout
        return self

    def feed(self):
        self.fed += 1


class Rtc:
    """Its memory: RTC_NOINIT_ATTR, which a reset leaves alone, and a power cut not."""

    def __init__(self):
        self._kept = b""

    def __call__(self):
        return self

    def memory(self, data=None):
        if data is None:
            return self._kept
        if len(data) > 2048:
            raise ValueError("buffer too long")
        self._kept = bytes(data)


class Machine:
    """The module. `reset_by`: cause of the last reset."""

    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

    def __init__(self, cause=1, rtc=None):
        self._cause = cause
        self.RTC = rtc or Rtc()
        self.WDT = self.watchdog = Wdt()

    def reset_cause(self):
        return self._cause

    def reset(self):
        raise Reset()
