"""Samples: periodic, clock-aligned, and for the end of a transaction (OCPP 1.6, sections 3.16, 4.7 and 9.1.15 ff.).

What this charger can measure has the names of OCPP 1.6 (section 7.28 ff.). A sample is compact, because it goes into
the journal: ``[stamp, context, measurand, value, measurand, value, ...]`` with indexes into the tables below and
integers in thousandths of the unit (mWh, mW, mA, mV, thousandths of 1 %).
"""

from micropython import const

NAMES = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
    "Temperature",
    "Current.Offered",
    "Power.Offered",
)
_UNITS = const(("Wh", "W", "A", "V", "Percent", "Celsius", "A", "W"))
_SOC = const(4)
_SAMPLE_BYTES = const(63)  # {"timestamp": "2027-01-15T12:00:00.000Z", "sampledValue": []},
_VALUE_BYTES = const(73)  # {"value": "1234567890.123", "context": "", "measurand": "", "unit": ""},
_LOCATION_BYTES = const(18)  # , "location": "EV"
CONTEXTS = ("Sample.Periodic", "Sample.Clock", "Transaction.Begin", "Transaction.End", "Trigger")
PERIODIC, CLOCK, BEGIN, END, TRIGGER = 0, 1, 2, 3, 4
_DAY_MS = const(86400000)
_LATE_MS = const(5000)  # an aligned moment that was missed by more (the time was set) is left out
_WAITING_MAX = const(4)  # aligned samples outside a transaction that wait to be sent


class Metering:
    """Takes the samples of an outlet that the configuration requires. Within a transaction they are journaled."""

    def __init__(self, station, outlet):
        self._station = station
        self._outlet = outlet
        self._next_ms = None  # uptime of the next periodic sample
        self._interval_s = 0
        self._aligned = None  # number of the aligned interval of the day that we are in
        self._waiting = []
        self.dropped = 0

    def _value(self, index, mwh):
        """The value of a measurand in thousandths of its unit, or None while it is not known."""
        if index == 0:
            return mwh
        evse = self._outlet.evse
        module = evse.module
        if index == 7:
            mv = module.terminal_voltage_mv.value or module.setpoint_mv.value
            ma = module.setpoint_ma.value
            return None if mv is None or ma is None else mv * ma // 1000
        signals = (
            evse.meter.power_mw,
            module.terminal_current_ma,
            module.terminal_voltage_mv,
            evse.vehicle.soc_permille,
            module.temperature_mdeg,
            module.setpoint_ma,
        )
        value = signals[index - 1].value
        return value * 100 if index == 4 and value is not None else value

    def sample(self, key, context, mwh=None, stamp=None):
        """A compact sample of the measurands that configuration `key` lists, or None if none of them is known.

        `mwh`: the register, which the caller journals together with the sample; None: it is journaled here.
        `stamp`: when it was; None: now.
        """
        sample = [self._station.stamps.now() if stamp is None else stamp, context]
        listed = indexes(self._station.configuration[key])
        if mwh is None and 0 in listed:
            mwh = self._outlet.register.read()
        for index in listed:
            value = self._value(index, mwh)
            if value is not None:
                sample.append(index)
                sample.append(value)
        return sample if len(sample) > 2 else None

    def _take(self, transaction, key, stop_key, context):
        """One commit: the register, an event of what `key` lists, and a sample of `stop_key` for the end."""
        register = self._outlet.register
        try:
            mwh, changes = register.changes()
            sample, data = self.sample(key, context, mwh), self.sample(stop_key, context, mwh)
            self._station.stamps.note(self._outlet, transaction, changes)
        except MemoryError:
            self.dropped += 1
            return
        if (sample or data) and self._station.journal.add_sample(self._outlet, transaction, sample, data, changes):
            register.saved()

    def triggered(self):
        """A sample that was requested, or None."""
        return self.sample("MeterValuesSampledData", TRIGGER)

    def begin(self, mwh):
        """The first sample for the end of a transaction, or None."""
        return self.sample("StopTxnSampledData", BEGIN, mwh)

    def end(self, mwh, stamp):
        """The last one, of the moment of the stop, or None."""
        return self.sample("StopTxnSampledData", END, mwh, stamp)

    def step(self):
        """Take what is due. A transaction that was stopped gets no sample more."""
        current = self._outlet.transactions.current
        transaction = None if current is None or current.reason else current.number
        self._periodic(transaction)
        self._clock_aligned(transaction)

    def _periodic(self, transaction):
        interval_s = self._station.configuration["MeterValueSampleInterval"]
        if transaction is None or interval_s == 0:
            self._next_ms = None
            return
        now = self._station.clock.uptime_ms()
        if self._next_ms is None or interval_s != self._interval_s:
            self._interval_s = interval_s
            self._next_ms = now + interval_s * 1000
        if now < self._next_ms:
            return
        self._next_ms = max(self._next_ms + interval_s * 1000, now + 1)
        self._take(transaction, "MeterValuesSampledData", "StopTxnSampledData", PERIODIC)

    def _clock_aligned(self, transaction):
        interval_ms = self._station.configuration["ClockAlignedDataInterval"] * 1000
        utc_ms = self._station.clock.utc_ms()
        if interval_ms == 0 or utc_ms is None:
            self._aligned = None
            return
        of_day = utc_ms % _DAY_MS
        number = (utc_ms // _DAY_MS, interval_ms, of_day // interval_ms)
        before, self._aligned = self._aligned, number
        if before is None or before == number or before[1] != interval_ms or of_day % interval_ms > _LATE_MS:
            return
        if transaction is None:
            self._keep()
        else:
            self._take(transaction, "MeterValuesAlignedData", "StopTxnAlignedData", CLOCK)

    def _keep(self):
        """Outside a transaction a sample is kept only while the central system is connected."""
        if not self._station.online():
            return
        try:
            sample = self.sample("MeterValuesAlignedData", CLOCK)
        except self._station.store.Error:  # what of the register is not journaled is not sent
            self.dropped += 1
            return
        if sample is None:
            return
        if len(self._waiting) == _WAITING_MAX:
            self._waiting.pop(0)
            self.dropped += 1
        self._waiting.append(sample)

    def next_aligned(self):
        """The oldest aligned sample outside a transaction, which waits no longer, or None."""
        return self._waiting.pop(0) if self._waiting and self._station.online() else None

    def lost(self):
        """A sample was not taken by the central system."""
        self.dropped += 1


def indexes(names):
    """``"Voltage,SoC"`` -> (3, 4)."""
    return tuple([NAMES.index(name) for name in names.split(",") if name])


def context(sample):
    """Why a compact sample was taken."""
    return CONTEXTS[sample[1]]


def values(sample):
    """Generator of (measurand, value in thousandths, unit, is it measured at the vehicle?) of a compact sample."""
    for i in range(2, len(sample), 2):
        index = sample[i]
        yield NAMES[index], sample[i + 1], _UNITS[index], index == _SOC


def rendered_size(sample):
    """How many bytes a compact sample takes in a JSON message: so many, or a few less."""
    size = _SAMPLE_BYTES
    for i in range(2, len(sample), 2):
        index = sample[i]
        size += _VALUE_BYTES + len(NAMES[index]) + len(_UNITS[index]) + len(CONTEXTS[sample[1]])
        size += _LOCATION_BYTES if index == _SOC else 0
    return size
