"""ujson_schema's verdicts beside jsonschema's, on the same OCPP payloads.

The two differ on purpose in four ways, each of which has its test here; the reference (``schema_reference``) is
adjusted for the first two:

- format is checked (jsonschema alone ignores it), date-time leniently;
- 1.0 is an integer (draft-06 says so, draft-04 does not);
- a number too large for a float (1e999) is no number: it was read as an infinity;
- multipleOf 0.1 forgives the last two steps of a float, such as 0.30000000000000004.
"""

import json
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft4Validator
from schema_cases import MODULE_OF, Cases, schema_of
from schema_reference import errors_of, exact
from upy_collect import interpreter

ROOT = Path(__file__).parents[2]
SEED = 16
VALID, BROKEN = 15, 50  # payloads a schema and, of broken ones, half as many more for every field in it

RULES_OF_CODE = {
    "FormationViolation": {"additionalProperties", "type"},  # type: of the payload itself
    "OccurenceConstraintViolation": {"required", "minItems"},
    "TypeConstraintViolation": {"type"},
    "PropertyConstraintViolation": {"enum", "maxLength", "multipleOf", "format"},
}


def judge(cases):
    """Have MicroPython judge [(action, response, payload as JSON text)]; return [None or (path, rule, code)]."""
    lines = [
        f'{{"module": "{MODULE_OF[action]}", "action": "{action}", '
        f'"response": {json.dumps(response)}, "payload": {text}}}\n'
        for action, response, text in cases
    ]
    program = ROOT / "tests_unix/upy/lib/schema_verdicts.py"
    ran = subprocess.run(
        [interpreter(), str(program), str(ROOT), str(ROOT / "lib")],
        input="".join(lines),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr
    verdicts = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(verdicts) == len(cases)
    return [verdict and tuple(verdict) for verdict in verdicts]


@pytest.fixture(scope="module")
def compared():
    """[(schema's name, text, our verdict, the reference's errors)] for every message."""
    keys = [(action, response) for action in MODULE_OF for response in (False, True)]
    schemas = {key: exact(schema_of(*key)) for key in keys}
    cases = []
    for number, (key, schema) in enumerate(schemas.items()):
        made = Cases(schema, SEED + number)
        broken = BROKEN + BROKEN // 2 * json.dumps(schema, default=str).count('"type":')
        payloads = [made.valid() for _ in range(VALID)] + [made.broken() for _ in range(broken)]
        cases += [(*key, json.dumps(payload, ensure_ascii=False)) for payload in payloads]
    names = [action + (".conf" if response else ".req") for action, response, _ in cases]
    errors = [errors_of(schemas[action, response], text) for action, response, text in cases]
    return list(zip(names, [case[2] for case in cases], judge(cases), errors))


def test_verdicts_agree(compared):
    wrong = [
        f"{name} {text[:300]}\n  ours {ours}, reference {sorted(errors)}"
        for name, text, ours, errors in compared
        if (ours is None) != (not errors)
    ]
    assert not wrong, f"{len(wrong)} of {len(compared)}:\n" + "\n".join(wrong[:5])


def test_path_and_rule_are_among_the_reference_s(compared):
    wrong = [
        f"{name} {text[:300]}\n  ours {ours}, reference {sorted(errors)}"
        for name, text, ours, errors in compared
        if ours and errors and ours[:2] not in errors
    ]
    assert not wrong, f"{len(wrong)} of {len(compared)}:\n" + "\n".join(wrong[:5])


def test_code_follows_from_the_rule(compared):
    for name, _, ours, _ in compared:
        if ours:
            path, rule, code = ours
            assert rule in RULES_OF_CODE[code], (name, ours)
            assert (rule == "type" and path == "") <= (code == "FormationViolation"), (name, ours)
            assert rule != "type" or path == "" or code == "TypeConstraintViolation", (name, ours)


def test_the_payloads_reach_every_rule_of_every_message(compared):
    """Without this, a generator gone harmless would make the tests above pass."""
    broken = Counter(name for name, _, ours, _ in compared if ours)
    good = Counter(name for name, _, ours, _ in compared if not ours)
    rules = Counter(ours[1] for _, _, ours, _ in compared if ours)
    assert len(broken) == len(good) == 2 * len(MODULE_OF)
    assert min(broken.values()) >= BROKEN // 2, broken
    assert min(good.values()) >= VALID, good
    assert all(rules[rule] >= 5 for rules_of in RULES_OF_CODE.values() for rule in rules_of), rules


def verdict_on(action, text, response=False):
    return judge([(action, response, text)])[0]


def plain_reference(action, text, response=False):
    return Draft4Validator(schema_of(action, response)).is_valid(json.loads(text))


def test_difference_format_is_checked():
    text = '{"currentTime": "yesterday"}'
    assert plain_reference("Heartbeat", text, True)
    assert verdict_on("Heartbeat", text, True) == ("currentTime", "format", "PropertyConstraintViolation")


def test_difference_one_point_zero_is_an_integer():
    text = '{"connectorId": 1.0}'
    assert not plain_reference("UnlockConnector", text)
    assert verdict_on("UnlockConnector", text) is None


def test_difference_an_infinity_is_no_number():
    text = '{"connectorId": 1e999}'
    assert not errors_of(schema_of("UnlockConnector", False), text)
    assert verdict_on("UnlockConnector", text) == ("connectorId", "type", "TypeConstraintViolation")


def limit(number):
    period = f'{{"startPeriod": 0, "limit": {number}}}'
    return (
        '{"idTag": "a", "chargingProfile": {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose":'
        ' "TxProfile", "chargingProfileKind": "Relative", "chargingSchedule": {"chargingRateUnit": "A",'
        f' "chargingSchedulePeriod": [{period}]}}}}}}'
    )


def test_difference_multiple_of_a_tenth_forgives_a_float_s_last_steps():
    schema = json.loads(json.dumps(schema_of("RemoteStartTransaction", False)), parse_float=Decimal)
    text = limit(0.1 + 0.2)
    assert "0.30000000000000004" in text
    assert {rule for _, rule in errors_of(schema, text)} == {"multipleOf"}
    assert verdict_on("RemoteStartTransaction", text) is None
    assert not plain_reference("RemoteStartTransaction", limit("21.4"))  # what plain floats would do to a good value
    assert verdict_on("RemoteStartTransaction", limit("21.4")) is None
