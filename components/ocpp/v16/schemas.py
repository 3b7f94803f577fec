"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""
# Made by tools/compile_schema.py from JSON schemas; do not edit.
# fmt: off

from micropython import const

_STRING = const(-2)
_INTEGER = const(-3)
_NUMBER = const(-4)
_BOOLEAN = const(-5)
_DATE_TIME = const(-6)
_CLOSED = const(-8)
_ARRAY = const(-10)
_RANGE = const(-12)

_ID_TAG_INFO = const((
    _CLOSED, 1,
    "status", "|Accepted|Blocked|Expired|Invalid|ConcurrentTx|",
    "expiryDate", _DATE_TIME,
    "parentIdTag", 20,
))
_BOOT_NOTIFICATION = const((
    _CLOSED, 2,
    "chargePointVendor", 20,
    "chargePointModel", 20,
    "chargePointSerialNumber", 25,
    "chargeBoxSerialNumber", 25,
    "firmwareVersion", 50,
    "iccid", 20,
    "imsi", 20,
    "meterType", 25,
    "meterSerialNumber", 25,
))
_BOOT_NOTIFICATION_RESPONSE = const((
    _CLOSED, 3,
    "status", "|Accepted|Pending|Rejected|",
    "currentTime", _DATE_TIME,
    "interval", _INTEGER,
))
_CHANGE_AVAILABILITY = const((
    _CLOSED, 2,
    "connectorId", _INTEGER,
    "type", "|Inoperative|Operative|",
))
_CHANGE_CONFIGURATION_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Rejected|RebootRequired|NotSupported|",
))
_DATA_TRANSFER = const((
    _CLOSED, 1,
    "vendorId", 255,
    "messageId", 50,
    "data", _STRING,
))
_DATA_TRANSFER_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Accepted|Rejected|UnknownMessageId|UnknownVendorId|",
    "data", _STRING,
))
_KEY = const((_ARRAY, 50, 0, -1))
_GET_CONFIGURATION_RESPONSE = const((
    _CLOSED, 0,
    "configurationKey", (_ARRAY, (_CLOSED, 2, "key", 50, "readonly", _BOOLEAN, "value", 500), 0, -1),
    "unknownKey", _KEY,
))
_CONTEXT = const(
    "|Interruption.Begin|Interruption.End|Sample.Clock|Sample.Periodic|"
    "Transaction.Begin|Transaction.End|Trigger|Other|")
_MEASURAND = const(
    "|Energy.Active.Export.Register|Energy.Active.Import.Register|"
    "Energy.Reactive.Export.Register|Energy.Reactive.Import.Register|"
    "Energy.Active.Export.Interval|Energy.Active.Import.Interval|"
    "Energy.Reactive.Export.Interval|Energy.Reactive.Import.Interval|"
    "Power.Active.Export|Power.Active.Import|Power.Offered|Power.Reactive.Export|"
    "Power.Reactive.Import|Power.Factor|Current.Import|Current.Export|"
    "Current.Offered|Voltage|Frequency|Temperature|SoC|RPM|")
_PHASE = const("|L1|L2|L3|N|L1-N|L2-N|L3-N|L1-L2|L2-L3|L3-L1|")
_LOCATION = const("|Cable|EV|Inlet|Outlet|Body|")
_METER_VALUES = const((
    _CLOSED, 2,
    "connectorId", _INTEGER,
    "meterValue", (_ARRAY, (
        _CLOSED, 2,
        "timestamp", _DATE_TIME,
        "sampledValue", (_ARRAY, (
            _CLOSED, 1,
            "value", _STRING,
            "context", _CONTEXT,
            "format", "|Raw|SignedData|",
            "measurand", _MEASURAND,
            "phase", _PHASE,
            "location", _LOCATION,
            "unit",
                "|Wh|kWh|varh|kvarh|W|kW|VA|kVA|var|kvar|A|V|K|Celcius|Celsius|Fahrenheit|"
                "Percent|Hertz|",
        ), 1, -1),
    ), 1, -1),
    "transactionId", _INTEGER,
))
_LIMIT = const((_RANGE, _NUMBER, None, None, 1, 10))
_REMOTE_START_TRANSACTION = const((
    _CLOSED, 1,
    "idTag", 20,
    "connectorId", _INTEGER,
    "chargingProfile", (
        _CLOSED, 5,
        "chargingProfileId", _INTEGER,
        "stackLevel", _INTEGER,
        "chargingProfilePurpose", "|ChargePointMaxProfile|TxDefaultProfile|TxProfile|",
        "chargingProfileKind", "|Absolute|Recurring|Relative|",
        "chargingSchedule", (
            _CLOSED, 2,
            "chargingRateUnit", "|A|W|",
            "chargingSchedulePeriod", (_ARRAY, (
                _CLOSED, 2,
                "startPeriod", _INTEGER,
                "limit", _LIMIT,
                "numberPhases", _INTEGER,
            ), 0, -1),
            "duration", _INTEGER,
            "startSchedule", _DATE_TIME,
            "minChargingRate", _LIMIT,
        ),
        "transactionId", _INTEGER,
        "recurrencyKind", "|Daily|Weekly|",
        "validFrom", _DATE_TIME,
        "validTo", _DATE_TIME,
    ),
))
_START_TRANSACTION = const((
    _CLOSED, 4,
    "connectorId", _INTEGER,
    "idTag", 20,
    "meterStart", _INTEGER,
    "timestamp", _DATE_TIME,
    "reservationId", _INTEGER,
))
_START_TRANSACTION_RESPONSE = const((
    _CLOSED, 2,
    "idTagInfo", _ID_TAG_INFO,
    "transactionId", _INTEGER,
))
_STATUS_NOTIFICATION = const((
    _CLOSED, 3,
    "connectorId", _INTEGER,
    "errorCode",
        "|ConnectorLockFailure|EVCommunicationError|GroundFailure|HighTemperature|"
        "InternalError|LocalListConflict|NoError|OtherError|OverCurrentFailure|"
        "PowerMeterFailure|PowerSwitchFailure|ReaderFailure|ResetFailure|"
        "UnderVoltage|OverVoltage|WeakSignal|",
    "status",
        "|Available|Preparing|Charging|SuspendedEVSE|SuspendedEV|Finishing|Reserved|"
        "Unavailable|Faulted|",
    "info", 50,
    "timestamp", _DATE_TIME,
    "vendorId", 255,
    "vendorErrorCode", 50,
))
_STOP_TRANSACTION = const((
    _CLOSED, 3,
    "meterStop", _INTEGER,
    "timestamp", _DATE_TIME,
    "transactionId", _INTEGER,
    "idTag", 20,
    "reason",
        "|EmergencyStop|EVDisconnected|HardReset|Local|Other|PowerLoss|Reboot|Remote|"
        "SoftReset|UnlockCommand|DeAuthorized|",
    "transactionData", (_ARRAY, (
        _CLOSED, 2,
        "timestamp", _DATE_TIME,
        "sampledValue", (_ARRAY, (
            _CLOSED, 1,
            "value", _STRING,
            "context", _CONTEXT,
            "format", "|Raw|SignedData|",
            "measurand", _MEASURAND,
            "phase", _PHASE,
            "location", _LOCATION,
            "unit",
                "|Wh|kWh|varh|kvarh|W|kW|VA|kVA|var|kvar|A|V|K|Celcius|Celsius|Fahrenheit|"
                "Percent|",
        ), 0, -1),
    ), 0, -1),
))
_UNLOCK_CONNECTOR_RESPONSE = const((
    _CLOSED, 1,
    "status", "|Unlocked|UnlockFailed|NotSupported|",
))

_REQUESTS = const((
    "Authorize", (_CLOSED, 1, "idTag", 20),
    "BootNotification", _BOOT_NOTIFICATION,
    "ChangeAvailability", _CHANGE_AVAILABILITY,
    "ChangeConfiguration", (_CLOSED, 2, "key", 50, "value", 500),
    "ClearCache", (_CLOSED, 0),
    "DataTransfer", _DATA_TRANSFER,
    "GetConfiguration", (_CLOSED, 0, "key", _KEY),
    "Heartbeat", (_CLOSED, 0),
    "MeterValues", _METER_VALUES,
    "RemoteStartTransaction", _REMOTE_START_TRANSACTION,
    "RemoteStopTransaction", (_CLOSED, 1, "transactionId", _INTEGER),
    "Reset", (_CLOSED, 1, "type", "|Hard|Soft|"),
    "StartTransaction", _START_TRANSACTION,
    "StatusNotification", _STATUS_NOTIFICATION,
    "StopTransaction", _STOP_TRANSACTION,
    "UnlockConnector", (_CLOSED, 1, "connectorId", _INTEGER),
))
_RESPONSES = const((
    "Authorize", (_CLOSED, 1, "idTagInfo", _ID_TAG_INFO),
    "BootNotification", _BOOT_NOTIFICATION_RESPONSE,
    "ChangeAvailability", (_CLOSED, 1, "status", "|Accepted|Rejected|Scheduled|"),
    "ChangeConfiguration", _CHANGE_CONFIGURATION_RESPONSE,
    "ClearCache", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "DataTransfer", _DATA_TRANSFER_RESPONSE,
    "GetConfiguration", _GET_CONFIGURATION_RESPONSE,
    "Heartbeat", (_CLOSED, 1, "currentTime", _DATE_TIME),
    "MeterValues", (_CLOSED, 0),
    "RemoteStartTransaction", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "RemoteStopTransaction", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "Reset", (_CLOSED, 1, "status", "|Accepted|Rejected|"),
    "StartTransaction", _START_TRANSACTION_RESPONSE,
    "StatusNotification", (_CLOSED, 0),
    "StopTransaction", (_CLOSED, 0, "idTagInfo", _ID_TAG_INFO),
    "UnlockConnector", _UNLOCK_CONNECTOR_RESPONSE,
))


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
