"""A vehicle of invented frames, written from the contract page of components/bms alone.

0x18FFA0D5: b0 1 permits, anything else stops; b1-2 u16 little-endian, maximum voltage in 0.05 V; b3-4 the same of the
current in 0.05 A; b5 charge in 0.5 %.
"""

from micropython import const

from core.signals import Signal

_REQUEST = const(0x18FFA0D5)
_TIMEOUT_MS = const(2000)
_ONLINE_MS = const(3000)
_HIGHEST_MV = const(100000)


class OtherVehicle:
    """It tells no counters and no model: what it has not stays None."""

    requires = ("can", "gate", "clock", "pulse")

    def __init__(self, can, gate, clock, pulse):
        self._gate = gate
        self._clock = clock
        self._pulse = pulse
        self.permitted = Signal(None, clock)
        self.max_voltage_mv = Signal(None, clock)
        self.max_current_ma = Signal(None, clock)
        self.mode = Signal(None, clock)
        self.online = Signal(False, clock)
        self.soc_permille = Signal(None, clock)
        self.range_m = self.capacity_mah = self.battery_mah = self.model = Signal(None, clock)  # never known
        self.charged_mah = self.discharged_mah = self.model
        self.refused = 0
        self._runs = False
        can.on(_REQUEST, self._request)

    def guard(self, can, answer, data):
        """Its stop is no byte that is not 0: no guard."""

    def _request(self, data, length):
        if length and data[0] != 1:
            self._gate.bms_permits.set(False)
            self.permitted.set(False)
            self.online.set(True)
            return True
        if not self._runs:
            return True
        if length < 6 or data[5] > 200 or (data[1] | data[2] << 8) * 50 > _HIGHEST_MV:
            self.refused += 1
            return False
        self.max_voltage_mv.set((data[1] | data[2] << 8) * 50)
        self.max_current_ma.set((data[3] | data[4] << 8) * 50)
        self.soc_permille.set(data[5] * 5)
        self.mode.set("charging")
        self.online.set(True)
        self.permitted.set(True)
        self._gate.bms_permits.set(True)
        return True

    async def run(self):
        try:
            while True:
                self._pulse()
                self._runs = True
                if self.online.value and self.online.age_ms() > _ONLINE_MS:
                    self.online.set(False)
                if self.permitted.value is not None and self.permitted.age_ms() > _TIMEOUT_MS:
                    self._forget()
                await self._clock.sleep_ms(100)
        finally:
            self._runs = False
            self._forget()

    def _forget(self):
        self._gate.bms_permits.set(False)
        for signal in (self.permitted, self.max_voltage_mv, self.max_current_ma, self.mode, self.soc_permille):
            signal.set(None)
