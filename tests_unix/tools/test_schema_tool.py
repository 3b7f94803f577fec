"""tools/compile_schema.py: what it writes, what it refuses, and the file in components/ocpp."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from schema_cases import MODULES
from upy_collect import interpreter

ROOT = Path(__file__).parents[2]
COMMITTED = {module: ROOT / (module.replace(".", "/") + ".py") for module in MODULES}


def compile_schema(*arguments):
    tool = ROOT / "tools" / "compile_schema.py"
    return subprocess.run([sys.executable, str(tool), *map(str, arguments)], capture_output=True, text=True, timeout=60)


def compile_one(tmp_path, schema):
    """Compile one JSON schema; return (the finished process, the file it may have written)."""
    source, out = tmp_path / "schema.json", tmp_path / "compiled.py"
    source.write_text(schema if isinstance(schema, str) else json.dumps(schema), encoding="utf-8")
    return compile_schema(out, f"Thing={source}"), out


def in_micropython(folder, program):
    """Run a program with the compiled module and ujson_schema; return what it prints."""
    head = f"import sys; sys.path[:] = [{str(folder)!r}, {str(ROOT / 'lib')!r}, '.frozen']\n"
    ran = subprocess.run([interpreter(), "-c", head + program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("module", MODULES)
def test_the_committed_module_is_what_the_tool_makes(tmp_path, module):
    out, committed = tmp_path / "schemas.py", COMMITTED[module]
    arguments = ["--ocpp16", "--actions", ",".join(MODULES[module])]
    ran = compile_schema(*arguments, "-o", out)
    assert ran.returncode == 0, ran.stderr
    remake = f"python tools/compile_schema.py {' '.join(arguments)} -o {committed.relative_to(ROOT)}"
    assert out.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8"), f"to make it anew: {remake}"


def test_what_messages_share_is_stated_once():
    text = COMMITTED["components.ocpp.v16.schemas"].read_text(encoding="utf-8")
    assert text.count("Energy.Active.Import.Register") == 1
    assert text.count("ConcurrentTx") == 1


def test_every_action_of_the_ocpp_package_compiles(tmp_path):
    from importlib.resources import files

    names = sorted(path.name[:-5] for path in (files("ocpp.v16") / "schemas").iterdir() if path.name.endswith(".json"))
    actions = [name for name in names if not name.endswith("Response")]
    out = tmp_path / "schemas.py"
    ran = compile_schema("-o", out, "--ocpp16", "--actions", ",".join(actions))
    assert ran.returncode == 0, ran.stderr
    program = f"import schemas; print(sum(bool(schemas.request(a) and schemas.response(a)) for a in {actions}))"
    assert len(actions) > 30 and in_micropython(tmp_path, program) == f"{len(actions)}\n"


def test_a_schema_with_everything(tmp_path):
    schema = {
        "$schema": "http://json-schema.org/draft-06/schema#",
        "title": "Thing",
        "type": "object",
        "definitions": {"Tag": {"type": "string", "minLength": 2, "maxLength": 4}},
        "properties": {
            "optional": {"type": "array", "items": {"$ref": "#/definitions/Tag"}, "minItems": 1, "maxItems": 2},
            "place": {"type": "string", "format": "uri", "maxLength": 20},
            "ratio": {"type": "number", "minimum": -0.5, "maximum": 1, "multipleOf": 0.25},
            "step": {"type": "integer", "multipleOf": 3},
            "anything": {},
            "open": {"type": "object"},
            "on": {"type": "boolean"},
            "tag": {"$ref": "#/definitions/Tag"},
        },
        "required": ["tag", "on"],
        "additionalProperties": False,
    }
    ran, out = compile_one(tmp_path, schema)
    assert ran.returncode == 0, ran.stderr
    changes = {
        "{}": None,
        '{"optional": ["ab", "abcd"], "anything": null, "open": {"x": []}}': None,
        '{"optional": ["ab", "a"]}': "optional[1]: minLength 2",
        '{"optional": []}': "optional: minItems 1",
        '{"optional": ["ab", "ab", "ab"]}': "optional: maxItems 2",
        '{"place": "http://a.b/c"}': None,
        '{"place": "a b"}': "place: format uri",
        '{"place": "http://a.b/cccccccccccc"}': "place: maxLength 20",
        '{"ratio": -0.5}': None,
        '{"ratio": -0.75}': "ratio: minimum -0.5",
        '{"ratio": 1.25}': "ratio: maximum 1",
        '{"ratio": 0.3}': "ratio: multipleOf 0.25",
        '{"step": 9}': None,
        '{"step": 10}': "step: multipleOf 3.0",
        '{"tag": "abcde"}': "tag: maxLength 4",
        '{"open": []}': "open: type object",
        '{"more": 1}': "more: additionalProperties",
    }
    program = f"""
import json
from compiled import Thing
from ujson_schema import SchemaError, validate
for text in {list(changes)!r}:
    value = {{"tag": "abc", "on": True}}
    value.update(json.loads(text))
    try:
        validate(Thing, value)
        print(None)
    except SchemaError as error:
        print(error)
"""
    said = in_micropython(tmp_path, program).splitlines()
    assert dict(zip(changes, said)) == {text: str(expected) for text, expected in changes.items()}


STRING = {"type": "string"}


@pytest.mark.parametrize(
    "schema, message",
    [
        ({"type": "string", "pattern": "^a"}, "Thing (string): unknown keyword pattern"),
        ({"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}, "Thing.a (array): unknown"),
        ({"type": "number", "exclusiveMinimum": True, "minimum": 0}, "(number): unknown keyword exclusiveMinimum"),
        ({"oneOf": [STRING]}, "Thing: type is to be one of object, array,"),
        ({"type": ["string", "null"]}, 'not ["string", "null"]'),
        ({"type": "null"}, 'not "null"'),
        ({"type": "object", "additionalProperties": STRING}, "additionalProperties is to be true or false"),
        ({"type": "object", "required": ["a"]}, "required a has no schema in properties"),
        ({"type": "object", "required": True}, "schema.json: $.required: True is not of type 'array'"),
        ({"type": "array", "items": [STRING]}, "Thing[]: a schema is an object"),
        ({"type": "string", "format": "email"}, "unknown format 'email'; known: date-time, uri"),
        ({"type": "string", "enum": ["a", 1]}, "an enum is of strings"),
        ({"type": "string", "enum": ["a|b"]}, "an enum is of strings"),
        ({"type": "string", "enum": ["a"], "maxLength": 1}, "Thing (beside enum): unknown keyword maxLength"),
        ({"type": "string", "maxLength": -1}, "schema.json: $.maxLength: -1 is less than the minimum of 0"),
        ({"type": "string", "maxLength": "5"}, "'5' is not of type 'integer'"),
        ({"type": "number", "multipleOf": 0}, "$.multipleOf"),
        ({"$ref": "other.json#/definitions/a"}, "$ref 'other.json#/definitions/a' is not in #/definitions/"),
        ({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}}, "or a $ref to itself"),
        ("{", "schema.json: Expecting property name"),
        ("[]", "schema.json: $: [] is not of type 'object'"),
    ],
)
def test_what_cannot_be_expressed_is_refused(tmp_path, schema, message):
    ran, out = compile_one(tmp_path, schema)
    assert ran.returncode == 1
    assert ran.stderr.startswith("compile_schema: ") and message in ran.stderr, ran.stderr
    assert not out.exists()


def test_nesting_is_limited(tmp_path):
    schema = STRING
    for _ in range(20):
        schema = {"type": "array", "items": schema}
    ran, _ = compile_one(tmp_path, schema)
    assert ran.returncode == 1 and "nested deeper than 10 levels" in ran.stderr


def test_bad_command_lines(tmp_path):
    out = tmp_path / "out.py"
    for arguments in (
        (),
        (out,),
        (f"A={out}", f"B={out}"),
        ("--ocpp16", "-o", out),
        ("--actions", "Reset", "-o", out),
        ("--ocpp16", "--actions", "Reset", out, "A=b.json"),
    ):
        ran = compile_schema(*arguments)
        assert ran.returncode == 2 and "usage:" in ran.stderr, (arguments, ran)
    for arguments, message in (
        (("--ocpp16", "--actions", "Rest", "-o", out), "Rest.json"),
        ((out, "A=nowhere.json"), "nowhere.json"),
        ((out, "class=x.json"), "'class' cannot name a constant"),
    ):
        ran = compile_schema(*arguments)
        assert ran.returncode == 1 and message in ran.stderr and "Traceback" not in ran.stderr, (arguments, ran)
    assert not out.exists()
