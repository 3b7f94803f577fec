"""The seldom used CALLs of the Core profile (OCPP 1.6, chapter 5): loaded for the CALL. `core` is the CoreProfile."""

from ..dispatcher import CallError


def change_availability(core, payload):
    """ChangeAvailability (section 5.2)."""
    station = core.ocpp.station
    connector = int(payload["connectorId"])  # JSON may write 2 as 2.0
    status = station.availability.change(connector, payload["type"] == "Operative")
    return {"status": status}, station.moment


def change_configuration(core, payload):
    """ChangeConfiguration (section 5.3)."""
    configuration, name = core.ocpp.configuration, payload["key"]
    status = configuration.set(name, payload["value"])
    if configuration.refusal:
        return core.refuse("ChangeConfiguration", name, configuration.refusal, status)
    return {"status": status}, configuration.settle


def clear_cache(core, payload):
    """ClearCache (section 5.4)."""
    return {"status": core.ocpp.station.authorization.clear()}


def data_transfer(core, payload):
    """DataTransfer (section 5.6)."""
    vendor, message = payload["vendorId"], payload.get("messageId", "")
    taker = core.data_transfers.get((vendor, message))
    if taker is not None:
        status, data = taker(payload.get("data"))
        return {"status": status} if data is None else {"status": status, "data": data}
    known = vendor == core.vendor_id != "" or any(key[0] == vendor for key in core.data_transfers)
    return {"status": "UnknownMessageId" if known else "UnknownVendorId"}


def get_configuration(core, payload):
    """GetConfiguration (section 5.8)."""
    names = payload.get("key") or ()
    configuration = core.ocpp.configuration
    limit = configuration["GetConfigurationMaxKeys"]
    if len(names) > limit:
        raise CallError("OccurenceConstraintViolation", "key: more than %d" % limit)
    known, unknown = [], []
    for name in names or configuration.names():
        entry = configuration.read(name)
        if entry is None:
            unknown.append(name)
        elif entry[1] is None:
            known.append({"key": entry[0], "readonly": entry[2]})
        else:
            known.append({"key": entry[0], "value": entry[1], "readonly": entry[2]})
    answer = {}
    if known:
        answer["configurationKey"] = known
    if unknown:
        answer["unknownKey"] = unknown
    return answer
