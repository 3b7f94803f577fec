"""A meter of its own beside the power module, simulated, and who reads it: written from the page of components/meter
alone.
"""

from components.meter.counting import CountingMeter
from components.meter.energy import options


class Counter:
    """The meter: whole Wh, as a display shows them. ``watts`` and ``milliamps`` are what flows from now on."""

    requires = ("clock",)

    def __init__(self, clock):
        self._clock = clock
        self._watt_ms = 0
        self._since_ms = clock.ticks_ms()
        self.base_wh = 123456
        self.watts = self.milliamps = 0
        self.answers = False

    def set(self, volts, amps):
        self.joules()
        self.watts, self.milliamps = volts * amps, round(amps * 1000)

    def joules(self):
        """All that was delivered until now."""
        now = self._clock.ticks_ms()
        self._watt_ms += self.watts * (now - self._since_ms)
        self._since_ms = now
        return self._watt_ms / 1000

    def read(self):
        """(Wh, W, mA), or None."""
        return (self.base_wh + int(self.joules() / 3600), round(self.watts), self.milliamps) if self.answers else None


class OtherMeter(CountingMeter):
    """Reads it every 500 ms."""

    requires = CountingMeter.requires + ("counter", "pulse")
    options = options(period_ms=(int, 500, 100, 1000))
    step_mwh = 1000

    def __init__(self, counter, pulse, period_ms, **shared):
        super().__init__(**shared)
        self._counter = counter
        self._pulse = pulse
        self._period_ms = period_ms

    async def run(self):
        while True:
            self._pulse()
            reading = self._counter.read()
            if reading:
                self.counted(reading[0] * 1000, reading[1] * 1000, reading[2])
            await self._clock.sleep_ms(self._period_ms)
