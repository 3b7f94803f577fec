"""MeterValues: sampled, clock-aligned, and for transactionData (OCPP 1.6, sections 3.16, 4.7 and 9.1.15 ff.)."""

from micropython import const

from .measurands import BEGIN, CLOCK, END, PERIODIC, indexes
from .rpc import Call

_DAY_MS = const(86400000)
_LATE_MS = const(5000)  # an aligned moment that was missed by more (the time was set) is left out
_WAITING_MAX = const(4)  # aligned samples outside a transaction that wait to be sent


class Metering:
    """Takes the samples that the configuration asks for. Within a transaction they are journaled."""

    def __init__(self, services, delivery, online):
        self._clock = services.clock
        self._stamps = services.stamps
        self._configuration = services.configuration
        self._delivery = delivery
        self._charger = services.charger
        self._bms = services.bms
        self._online = online
        self._next_ms = None  # uptime of the next periodic sample
        self._interval_s = 0
        self._aligned = None  # number of the aligned interval of the day that we are in
        self._waiting = []
        self.dropped = 0

    def _value(self, index):
        """The value of a measurand in thousandths of its unit, or None while it is not known."""
        charger = self._charger
        if index == 0:
            return charger.read_register()
        if index == 7:
            mv = charger.terminal_voltage_mv.value or charger.wanted_voltage_mv.value
            ma = charger.wanted_current_ma.value
            return None if mv is None or ma is None else mv * ma // 1000
        signals = (
            charger.power_mw,
            charger.terminal_current_ma,
            charger.terminal_voltage_mv,
            self._bms.soc_permille,
            charger.temperature_mdeg,
            charger.wanted_current_ma,
        )
        value = signals[index - 1].value
        return value * 100 if index == 4 and value is not None else value

    def sample(self, key, context):
        """A compact sample of the measurands that configuration `key` lists, or None if none of them is known."""
        sample = [self._stamps.now(), context]
        for index in indexes(self._configuration[key]):
            value = self._value(index)
            if value is not None:
                sample.append(index)
                sample.append(value)
        return sample if len(sample) > 2 else None

    def _stop_data(self, transaction, key, context):
        sample = self.sample(key, context)
        if sample is not None:
            self._delivery.add_stop_data(transaction, sample)

    def begin(self):
        """The first sample for the transactionData of a transaction, or None."""
        return self.sample("StopTxnSampledData", BEGIN)

    def end(self):
        """The last one, or None."""
        return self.sample("StopTxnSampledData", END)

    def step(self, transaction):
        """Take what is due; `transaction`: our number of the one that runs, or None."""
        self._periodic(transaction)
        self._clock_aligned(transaction)

    def _periodic(self, transaction):
        interval_s = self._configuration["MeterValueSampleInterval"]
        if transaction is None or interval_s == 0:
            self._next_ms = None
            return
        now = self._clock.uptime_ms()
        if self._next_ms is None or interval_s != self._interval_s:
            self._interval_s = interval_s
            self._next_ms = now + interval_s * 1000
        if now < self._next_ms:
            return
        self._next_ms = max(self._next_ms + interval_s * 1000, now + 1)
        sample = self.sample("MeterValuesSampledData", PERIODIC)
        if sample is not None:
            self._delivery.add_sample(transaction, sample)
        self._stop_data(transaction, "StopTxnSampledData", PERIODIC)

    def _clock_aligned(self, transaction):
        interval_ms = self._configuration["ClockAlignedDataInterval"] * 1000
        utc_ms = self._clock.utc_ms()
        if interval_ms == 0 or utc_ms is None:
            self._aligned = None
            return
        of_day = utc_ms % _DAY_MS
        number = (utc_ms // _DAY_MS, interval_ms, of_day // interval_ms)
        before, self._aligned = self._aligned, number
        if before is None or before == number or before[1] != interval_ms or of_day % interval_ms > _LATE_MS:
            return
        sample = self.sample("MeterValuesAlignedData", CLOCK)
        if transaction is None:
            self._keep(sample)
            return
        if sample is not None:
            self._delivery.add_sample(transaction, sample)
        self._stop_data(transaction, "StopTxnAlignedData", CLOCK)

    def _keep(self, sample):
        """Outside a transaction a sample is told only if the central system is there to hear it."""
        if sample is None or not self._online():
            return
        if len(self._waiting) == _WAITING_MAX:
            self._waiting.pop(0)
            self.dropped += 1
        self._waiting.append(sample)

    def next_call(self):
        """Aligned MeterValues outside a transaction."""
        if not self._waiting or not self._online():
            return None
        payload = {"connectorId": 1, "meterValue": [self._delivery.meter_value(self._waiting.pop(0))]}
        return Call("MeterValues", payload, self._on_answer)

    def _on_answer(self, answer, error):
        if error is not None:
            self.dropped += 1
