"""The configuration keys of the Core profile that are not the station's own: OCPP 1.6 edition 2, section 9.1, as data.

A row is (name, type, default, lowest, highest, access), as the station has them. All of it is constant, types are
names, so that a frozen table takes no RAM.
"""

from micropython import const

_MAX_S = const(31536000)  # a year: what a number of seconds may be at most
_NAMES = const(8)  # how many measurands there are

# Not here: BlinkRepeat and LightIntensity, optional keys of lamps. A component that drives lamps brings their rows with
# `Configuration.add` and takes what is set with `watch`; without one the honest answer is NotSupported.
CORE = (
    # told only: how the installer wired it
    ("ConnectorPhaseRotation", "rotation", "0.NotApplicable,1.NotApplicable", None, None, "RW"),
    ("ConnectorPhaseRotationMaxLength", "int", 2, None, None, "R"),
    ("GetConfigurationMaxKeys", "int", 50, None, None, "R"),
    ("HeartbeatInterval", "int", 300, 1, _MAX_S, "RW"),
    ("MeterValuesAlignedDataMaxLength", "int", _NAMES, None, None, "R"),
    ("MeterValuesSampledDataMaxLength", "int", _NAMES, None, None, "R"),
    ("MinimumStatusDuration", "int", 0, 0, 3600, "RW"),
    ("NumberOfConnectors", "int", 1, None, None, "R"),
    ("StopTxnAlignedDataMaxLength", "int", _NAMES, None, None, "R"),
    ("StopTxnSampledDataMaxLength", "int", _NAMES, None, None, "R"),
    ("SupportedFeatureProfiles", "str", "", None, None, "R"),  # the ones that the board declares
    ("SupportedFeatureProfilesMaxLength", "int", 6, None, None, "R"),
    ("TransactionMessageAttempts", "int", 3, 1, 1000, "RW"),
    ("TransactionMessageRetryInterval", "int", 60, 1, 86400, "RW"),
    ("WebSocketPingInterval", "int", 30, 0, 86400, "RW"),
)
# The profile, and its name in SupportedFeatureProfiles, in their order there
FEATURES = const((
    "core", "Core",
    "local_list", "LocalAuthListManagement",
    "reservation", "Reservation",
    "limits", "SmartCharging",
    "remote_trigger", "RemoteTrigger",
    "firmware", "FirmwareManagement",
))  # fmt: skip
