"""What may be configured of the station: rows of `Configuration`, as data.

A row is (name, type, default, lowest, highest, access): of an int its range, of a list of measurands (``csl``) how many
at most. Access: ``R``, ``RW``, ``RB`` (read-write, in force after a reboot) and ``W`` (never read; no key here needs
these two). All of it is constant, types are names, so that a frozen table takes no RAM. The names are those that OCPP
1.6 has (section 9.1), and one of our own; the journal has them, too.
"""

from micropython import const

_MAX_S = const(31536000)  # a year: what a number of seconds may be at most
_NAMES = const(8)  # how many measurands there are (metering.NAMES)

KEYS = (
    ("AllowOfflineTxForUnknownId", "bool", False, None, None, "RW"),
    ("AuthorizationCacheEnabled", "bool", True, None, None, "RW"),
    ("AuthorizeRemoteTxRequests", "bool", False, None, None, "RW"),
    ("ClockAlignedDataInterval", "int", 0, 0, 86400, "RW"),
    ("ConnectionTimeOut", "int", 60, 1, _MAX_S, "RW"),
    ("LocalAuthorizeOffline", "bool", True, None, None, "RW"),
    ("LocalPreAuthorize", "bool", False, None, None, "RW"),
    ("MaxEnergyOnInvalidId", "int", 0, 0, 1000000, "RW"),
    ("MeterValuesAlignedData", "csl", "Energy.Active.Import.Register", None, _NAMES, "RW"),
    (
        "MeterValuesSampledData",
        "csl",
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC",
        None,
        _NAMES,
        "RW",
    ),
    ("MeterValueSampleInterval", "int", 60, 0, _MAX_S, "RW"),
    ("ResetRetries", "int", 0, 0, 100, "RW"),  # see Shutdown
    ("StopTransactionOnEVSideDisconnect", "bool", True, None, None, "RW"),
    ("StopTransactionOnInvalidId", "bool", True, None, None, "RW"),
    ("StopTransactionOnPowerLoss", "bool", False, None, None, "RW"),  # our own: see Shutdown, and Transactions
    ("StopTxnAlignedData", "csl", "", None, _NAMES, "RW"),
    ("StopTxnSampledData", "csl", "Energy.Active.Import.Register", None, _NAMES, "RW"),
    ("UnlockConnectorOnEVSideDisconnect", "bool", True, None, None, "RW"),
)
