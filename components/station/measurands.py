"""What this charger can measure, by the names that OCPP 1.6 (section 7.28 ff.) has.

A sample is compact, because it goes into the journal: ``[stamp, context, measurand, value, measurand, value, ...]``
with indexes into the tables below and integers in thousandths of the unit (mWh, mW, mA, mV, thousandths of 1 %).
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
