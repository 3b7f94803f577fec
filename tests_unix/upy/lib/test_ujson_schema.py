import json
import micropython

from components.ocpp.v16 import schemas
from ujson_schema import SchemaError, validate

INTEGER = -3
TENTHS = (-12, -4, None, None, 1, 10)


def error_of(schema, value, extra=False):
    try:
        validate(schema, value, extra)
    except SchemaError as error:
        return error
    return None


def meter_values():
    sampled = {"value": "1", "measurand": "Voltage", "unit": "V", "context": "Sample.Periodic"}
    values = [{"timestamp": "2024-02-29T12:34:56.789Z", "sampledValue": [dict(sampled), dict(sampled)]}]
    return {"connectorId": 1, "transactionId": 7, "meterValue": values}


def test_error_says_path_rule_and_code():
    message = meter_values()
    message["meterValue"][0]["sampledValue"][1]["unit"] = "volts"
    error = error_of(schemas.request("MeterValues"), message)
    assert error.path == "meterValue[0].sampledValue[1].unit", error.path
    assert error.rule == "enum"
    assert error.code == "PropertyConstraintViolation"
    assert str(error) == "meterValue[0].sampledValue[1].unit: enum", str(error)


def test_codes():
    schema = (-8, 1, "a", 3, "n", (-12, INTEGER, 0, 9, 2, 1), "list", (-10, INTEGER, 1, 2), "text", (-11, 2, 4, -2))
    for text, path, rule, code in (
        ("[]", "", "type", "FormationViolation"),
        ("null", "", "type", "FormationViolation"),
        ('{"a":"","b":1}', "b", "additionalProperties", "FormationViolation"),
        ("{}", "a", "required", "OccurenceConstraintViolation"),
        ('{"a":"","list":[]}', "list", "minItems", "OccurenceConstraintViolation"),
        ('{"a":"","list":[1,2,3]}', "list", "maxItems", "OccurenceConstraintViolation"),
        ('{"a":"","list":[1,"2"]}', "list[1]", "type", "TypeConstraintViolation"),
        ('{"a":null}', "a", "type", "TypeConstraintViolation"),
        ('{"a":"","n":true}', "n", "type", "TypeConstraintViolation"),
        ('{"a":"abcd"}', "a", "maxLength", "PropertyConstraintViolation"),
        ('{"a":"","n":-2}', "n", "minimum", "PropertyConstraintViolation"),
        ('{"a":"","n":10}', "n", "maximum", "PropertyConstraintViolation"),
        ('{"a":"","n":3}', "n", "multipleOf", "PropertyConstraintViolation"),
        ('{"a":"","text":"x"}', "text", "minLength", "PropertyConstraintViolation"),
        ('{"a":"","text":"xxxxx"}', "text", "maxLength", "PropertyConstraintViolation"),
    ):
        error = error_of(schema, json.loads(text))
        assert error and (error.path, error.rule, error.code) == (path, rule, code), (text, error)
    assert error_of(schema, json.loads('{"a":"abc","n":8,"list":[1,2],"text":"xxxx"}')) is None


def test_integer_number_and_boolean_are_distinguished():
    integer, number, boolean = -3, -4, -5
    for text, fits in (
        ("1", (integer, number)),
        ("-7", (integer, number)),
        ("12345678901234567890", (integer, number)),
        ("1.0", (integer, number)),
        ("1e3", (integer, number)),
        ("1.5", (number,)),
        ("true", (boolean,)),
        ("false", (boolean,)),
        ("1e999", ()),
        ("-1e999", ()),
        ('"1"', ()),
        ("null", ()),
        ("[]", ()),
    ):
        value = json.loads(text)
        for schema in (integer, number, boolean):
            assert (error_of(schema, value) is None) == (schema in fits), (text, schema)


def test_multiples_of_a_tenth():
    for text in "0 -0.1 0.1 0.3 0.30000000000000004 0.7 2.3 21.4 32.0 6.9 4800.1 22000.7 16 1e2 1e306 -17.9".split():
        assert error_of(TENTHS, json.loads(text)) is None, text
    for text in "0.05 0.01 0.15 4.11 21.44 -0.11 22000.05 31.999".split():
        assert error_of(TENTHS, json.loads(text)).rule == "multipleOf", text
    # every tenth up to 100 A, and every hundredth that is none
    for hundredths in range(10000):
        value = json.loads("%d.%02d" % (hundredths // 100, hundredths % 100))
        assert (error_of(TENTHS, value) is None) == (hundredths % 10 == 0), hundredths


def test_multiples_of_other_steps():
    threes = (-12, -4, None, None, 3, 1)
    assert error_of(threes, 9) is None and error_of(threes, -9.0) is None
    assert error_of(threes, 10) is not None and error_of(threes, 9.5) is not None
    two_and_a_half = (-12, -4, None, None, 5, 2)
    assert error_of(two_and_a_half, 7.5) is None and error_of(two_and_a_half, 10) is None
    assert error_of(two_and_a_half, 7) is not None


def test_lengths_count_characters():
    for text, length in (("abcde", 5), ("äöü", 3), ("🚗🚗", 2), ("", 0)):
        assert error_of(length, text) is None
        assert length == 0 or error_of(length - 1, text).rule == "maxLength"
    # the same character, escaped: MicroPython's json makes two surrogates of it, and it is one all the same
    car = json.loads('"\\ud83d\\ude97"')
    assert error_of(1, car) is None
    assert error_of(0, car).rule == "maxLength"
    assert error_of(2, json.loads('"\\ude97\\ude97\\ud83d"')).rule == "maxLength"  # a pair needs its order


def test_an_enum_has_no_parts_and_no_joints():
    schema = "|kWh|Wh|A|VA|"
    for value in ("kWh", "Wh", "A", "VA"):
        assert error_of(schema, value) is None, value
    for value in ("", "W", "h", "kW", "V", "|", "A|VA", "|A|", "kWh|Wh", "wh", "AA", schema, "x" * 1000):
        assert error_of(schema, value).rule == "enum", value
    for value in (None, 1, True, [], {}):
        assert error_of(schema, value).rule == "type", value


def test_extra_tolerates_unknown_fields_at_any_depth_and_nothing_else():
    schema = schemas.response("Authorize")
    answer = {"idTagInfo": {"status": "Accepted", "vendor": {"x": [1]}}, "customData": None}
    assert error_of(schema, answer).path in ("customData", "idTagInfo.vendor")
    assert error_of(schema, answer, extra=True) is None
    del answer["idTagInfo"]["status"]
    assert error_of(schema, answer, extra=True).path == "idTagInfo.status"


def test_an_open_object_allows_unknown_fields():
    assert error_of((-9, 1, "a", -1), {"a": None, "b": 2}) is None
    assert error_of((-9, 1, "a", -1), {"b": 2}).rule == "required"


def test_a_name_of_the_schema_is_no_value_of_it():
    # an unknown field that is called like an enum, or like a constraint, of the schema
    schema = (-8, 0, "status", "|a|b|")
    assert error_of(schema, {"|a|b|": 1}).rule == "additionalProperties"
    assert error_of(schema, {"status": "a", "|a|b|": 1}).path == "|a|b|"


def test_hostile_values_end_quickly_and_leave_a_short_text():
    deep = []
    for _ in range(2000):
        deep = [deep]
    for value in (deep, {"connectorId": deep}, {"connectorId": 1, "meterValue": deep}):
        assert error_of(schemas.request("MeterValues"), value) is not None
    error = error_of(schemas.request("Heartbeat"), {"k" * 5000: 1})
    assert error.rule == "additionalProperties" and len(str(error)) < 100


def test_the_received_value_is_not_repeated():
    assert "secret" not in str(error_of(schemas.request("Authorize"), {"idTag": "secret" * 10}))


def test_valid_messages_allocate_nothing():
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "validFrom": "2024-02-29T12:34:56+01:00",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]},
    }
    boot = {"chargePointVendor": "ä" * 20, "chargePointModel": "m"}
    for schema, value in (
        (schemas.request("MeterValues"), meter_values()),
        (schemas.request("RemoteStartTransaction"), {"idTag": "1234", "connectorId": 1, "chargingProfile": profile}),
        (schemas.request("BootNotification"), boot),
        (schemas.response("GetConfiguration"), {"configurationKey": [{"key": "k", "readonly": True}]}),
        (schemas.response("Heartbeat"), {"currentTime": "2024-02-29T12:34:56"}),
        ((-8, 1, "u", -7, "t", (-11, 1, 9, -2)), {"u": "https://example.com/a?b#c", "t": "abc"}),
    ):
        validate(schema, value)  # the digits become interned strings, once
        micropython.heap_lock()
        try:
            validate(schema, value)
        finally:
            micropython.heap_unlock()


def test_lookup():
    assert schemas.request("Reset") == (-8, 1, "type", "|Hard|Soft|")
    assert schemas.response("Reset") == (-8, 1, "status", "|Accepted|Rejected|")
    for action in ("reset", "", "SetChargingProfile", None, 20, True, [], {}):
        assert schemas.request(action) is None and schemas.response(action) is None, action


def test_schemas_are_constants_alone():
    # whatever else was left in the module would have been built in the heap by the import
    assert sorted(name for name in dir(schemas) if name[0] != "_") == ["const", "request", "response"]
    assert not [name for name in dir(schemas) if name[0] == "_" and name[1] != "_"]
