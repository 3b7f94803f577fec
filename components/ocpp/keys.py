"""The configuration keys of the Core profile: OCPP 1.6 edition 2, section 9.1, as data; and one of our own.

A row is (name, type, default, lowest, highest, access): of an int its range, of a list of measurands (``csl``) how many
at most. Access: ``R``, ``RW``, ``RB`` (read-write, in force after a reboot) and ``W`` (never read; no key of Core needs
these two). All of it is constant, types are names, so that a frozen table takes no RAM.
"""

from micropython import const

_MAX_S = const(31536000)  # a year: what a number of seconds may be at most
_NAMES = const(8)  # how many measurands there are (measurands.NAMES)

# Not here: BlinkRepeat and LightIntensity, optional keys of lamps. A component that drives lamps brings their rows with
# `Configuration.add` and takes what is set with `watch`; without one the honest answer is NotSupported.
CORE = (
    ("AllowOfflineTxForUnknownId", "bool", False, None, None, "RW"),
    ("AuthorizationCacheEnabled", "bool", True, None, None, "RW"),
    ("AuthorizeRemoteTxRequests", "bool", False, None, None, "RW"),
    ("ClockAlignedDataInterval", "int", 0, 0, 86400, "RW"),
    ("ConnectionTimeOut", "int", 60, 1, _MAX_S, "RW"),
    # told only: how the installer wired it
    ("ConnectorPhaseRotation", "rotation", "0.NotApplicable,1.NotApplicable", None, None, "RW"),
    ("ConnectorPhaseRotationMaxLength", "int", 2, None, None, "R"),
    ("GetConfigurationMaxKeys", "int", 50, None, None, "R"),
    ("HeartbeatInterval", "int", 300, 1, _MAX_S, "RW"),
    ("LocalAuthorizeOffline", "bool", True, None, None, "RW"),
    ("LocalPreAuthorize", "bool", False, None, None, "RW"),
    ("MaxEnergyOnInvalidId", "int", 0, 0, 1000000, "RW"),
    ("MeterValuesAlignedData", "csl", "Energy.Active.Import.Register", None, _NAMES, "RW"),
    ("MeterValuesAlignedDataMaxLength", "int", _NAMES, None, None, "R"),
    (
        "MeterValuesSampledData",
        "csl",
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC",
        None,
        _NAMES,
        "RW",
    ),
    ("MeterValuesSampledDataMaxLength", "int", _NAMES, None, None, "R"),
    ("MeterValueSampleInterval", "int", 60, 0, _MAX_S, "RW"),
    ("MinimumStatusDuration", "int", 0, 0, 3600, "RW"),
    ("NumberOfConnectors", "int", 1, None, None, "R"),
    ("ResetRetries", "int", 0, 0, 100, "RW"),  # see Ending
    ("StopTransactionOnEVSideDisconnect", "bool", True, None, None, "RW"),
    ("StopTransactionOnInvalidId", "bool", True, None, None, "RW"),
    ("StopTransactionOnPowerLoss", "bool", False, None, None, "RW"),  # our own: see Ending, and Transactions
    ("StopTxnAlignedData", "csl", "", None, _NAMES, "RW"),
    ("StopTxnAlignedDataMaxLength", "int", _NAMES, None, None, "R"),
    ("StopTxnSampledData", "csl", "Energy.Active.Import.Register", None, _NAMES, "RW"),
    ("StopTxnSampledDataMaxLength", "int", _NAMES, None, None, "R"),
    ("SupportedFeatureProfiles", "str", "", None, None, "R"),  # the ones that the board declares
    ("SupportedFeatureProfilesMaxLength", "int", 6, None, None, "R"),
    ("TransactionMessageAttempts", "int", 3, 1, 1000, "RW"),
    ("TransactionMessageRetryInterval", "int", 60, 1, 86400, "RW"),
    ("UnlockConnectorOnEVSideDisconnect", "bool", True, None, None, "RW"),
    ("WebSocketPingInterval", "int", 30, 0, 86400, "RW"),
)
