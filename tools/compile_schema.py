"""Compile JSON schemas (draft-04 or draft-06) into the constants that lib/ujson_schema understands.

    python tools/compile_schema.py OUT.py NAME=schema.json ...
        a module with one constant a schema
    python tools/compile_schema.py --ocpp16 --actions Authorize,BootNotification -o OUT.py
        a module with request(action) and response(action), from the schemas in the installed ``ocpp`` package

A keyword that the compact form cannot express is refused, for a schema that silently checks less is worse than none.
The output depends on the schemas alone, so a test can compare it with the file in the repository.
"""

import argparse
import json
import keyword
import re
import sys
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft4Validator, SchemaError
from jsonschema.validators import validator_for

if __package__ in (None, ""):  # run as a file: make the repository importable
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.schema_source import Kind, Module, bracket, row

FORMATS = {"date-time": "_DATE_TIME", "uri": "_URI"}
ANNOTATIONS = {"$schema", "$id", "id", "$comment", "title", "description", "default", "definitions", "javaType"}
KEYWORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems", "additionalItems"},
    # additionalProperties says nothing about a string; OCA's schemas have it beside every enum
    "string": {"minLength", "maxLength", "format", "enum", "additionalProperties"},
    "integer": {"minimum", "maximum", "multipleOf"},
    "number": {"minimum", "maximum", "multipleOf"},
    "boolean": set(),
}
MAX_DEPTH = 10  # of nesting: it bounds the recursion of ujson_schema on the device's small stack

OCPP16_HEAD = '"""The payloads of OCPP 1.6 messages, as schemas of ujson_schema."""'
LOOKUP = '''_REQUESTS = const(%s)
_RESPONSES = const(%s)


def request(action):
    """Return the schema of the payload of the CALL action, or None if this module has no such action."""
    return _REQUESTS[_REQUESTS.index(action) + 1] if action in _REQUESTS else None


def response(action):
    """Return the schema of the payload of the CALLRESULT to action, or None if this module has no such action."""
    return _RESPONSES[_RESPONSES.index(action) + 1] if action in _RESPONSES else None
'''


class CompileError(Exception):
    """The schema cannot be compiled; the text names the place and the reason."""


class Compiler:
    """Turns one JSON schema into nested tuples of Kind, int, str and None."""

    def __init__(self, root):
        self.root = root

    def schema(self, schema, where, depth):
        if not isinstance(schema, dict):
            raise CompileError(f"{where}: a schema is an object, this is {schema!r}")
        if depth > MAX_DEPTH:
            raise CompileError(f"{where}: nested deeper than {MAX_DEPTH} levels (or a $ref to itself)")
        if "$ref" in schema:
            return self.schema(self.referred(schema, where), where, depth + 1)
        if not schema.keys() - ANNOTATIONS:
            return Kind("_ANY")
        kind = schema.get("type")
        if not isinstance(kind, str) or kind not in KEYWORDS:
            raise CompileError(f"{where}: type is to be one of {', '.join(KEYWORDS)}, not {json.dumps(kind)}")
        self.refuse_unknown(schema, KEYWORDS[kind] | {"type"}, f"{where} ({kind})")
        return getattr(self, kind)(schema, where, depth)

    def referred(self, schema, where):
        self.refuse_unknown(schema, {"$ref"}, f"{where} (beside $ref)")
        match = re.fullmatch(r"#/definitions/([^/~%]+)", schema["$ref"])
        if not match or match[1] not in self.root.get("definitions", {}):
            raise CompileError(f"{where}: $ref {schema['$ref']!r} is not in #/definitions/ of the same file")
        return self.root["definitions"][match[1]]

    def refuse_unknown(self, schema, known, where):
        unknown = sorted(schema.keys() - known - ANNOTATIONS)
        if unknown:
            raise CompileError(f"{where}: unknown keyword {', '.join(unknown)}")

    def object(self, schema, where, depth):
        members = schema.get("properties", {})
        required = schema.get("required", [])
        undefined = sorted(set(required) - members.keys())
        if undefined:
            raise CompileError(f"{where}: required {', '.join(undefined)} has no schema in properties")
        additional = schema.get("additionalProperties", True)
        if not isinstance(additional, bool):
            raise CompileError(f"{where}: additionalProperties is to be true or false")
        compiled = [Kind("_OPEN" if additional else "_CLOSED"), len(set(required))]
        for name in sorted(members, key=lambda name: name not in required):
            compiled += [name, self.schema(members[name], f"{where}.{name}", depth + 1)]
        return tuple(compiled)

    def array(self, schema, where, depth):
        items = self.schema(schema.get("items", {}), f"{where}[]", depth + 1)
        return Kind("_ARRAY"), items, schema.get("minItems", 0), schema.get("maxItems", -1)

    def string(self, schema, where, depth):
        if "enum" in schema:
            self.refuse_unknown(schema, {"type", "enum", "additionalProperties"}, f"{where} (beside enum)")
            return self.enum(schema["enum"], where)
        kind = Kind("_STRING")
        if "format" in schema:
            if schema["format"] not in FORMATS:
                raise CompileError(f"{where}: unknown format {schema['format']!r}; known: {', '.join(FORMATS)}")
            kind = Kind(FORMATS[schema["format"]])
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength", -1)
        if shortest == 0 and (kind == "_STRING" or longest < 0):
            return kind if longest < 0 else longest
        return Kind("_TEXT"), shortest, longest, kind

    def enum(self, values, where):
        for value in values:
            if not isinstance(value, str) or not value or "|" in value:
                raise CompileError(f"{where}: an enum is of strings, not empty and without |, not {value!r}")
        return "|" + "|".join(values) + "|"

    def boolean(self, schema, where, depth):
        return Kind("_BOOLEAN")

    def number(self, schema, where, depth):
        kind = Kind("_INTEGER" if schema["type"] == "integer" else "_NUMBER")
        if not schema.keys() & {"minimum", "maximum", "multipleOf"}:
            return kind
        step = Fraction(schema.get("multipleOf", 0))
        low, high = schema.get("minimum"), schema.get("maximum")
        return Kind("_RANGE"), kind, low, high, step.numerator, step.denominator

    integer = number


def load(path):
    """Read a JSON schema, checked against the schema of schemas; decimals stay exact."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        validator_for(schema, default=Draft4Validator).check_schema(schema)
    except (OSError, ValueError) as error:
        raise CompileError(f"{path.name}: {error}") from error
    except SchemaError as error:
        raise CompileError(f"{path.name}: {error.json_path}: {error.message}") from error
    return schema


def compile_file(path, name):
    """Return the compact form of the schema in a file, as nested tuples."""
    root = load(path)
    return Compiler(root).schema(root, name, 0)


def compile_named(sources):
    """Return the text of a module with the public constants NAME for [(name, path), ...]."""
    for name, _ in sources:
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            raise CompileError(f"{name!r} cannot name a constant")
    module = Module({name: compile_file(Path(path), name) for name, path in sources})
    return module.text('"""Schemas for ujson_schema."""', "".join(f"{n} = {r}\n" for n, r in module.roots.items()))


def compile_ocpp16(actions):
    """Return the text of a module with request() and response() for OCPP 1.6 actions."""
    folder = files("ocpp.v16") / "schemas"
    names = [action + suffix for action in actions for suffix in ("", "Response")]
    module = Module({name: compile_file(folder / f"{name}.json", name) for name in names})
    requests = bracket([row(action, module.roots[action]) for action in actions])
    responses = bracket([row(action, module.roots[action + "Response"]) for action in actions])
    return module.text(OCPP16_HEAD, LOOKUP % (requests, responses))


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", help="the file to write (else the first positional argument)")
    parser.add_argument("--ocpp16", action="store_true", help="take the schemas of the installed ocpp package")
    parser.add_argument("--actions", help="comma-separated OCPP actions")
    parser.add_argument("sources", nargs="*", metavar="NAME=schema.json")
    args = parser.parse_args()
    if args.out is None and args.sources and "=" not in args.sources[0]:
        args.out = args.sources.pop(0)
    named = bool(args.sources) and all("=" in source for source in args.sources)
    if args.out is None or args.ocpp16 != bool(args.actions) or args.ocpp16 == named:
        parser.error("wanted: a file to write and either NAME=schema.json ... or --ocpp16 --actions ...")
    return args


def main():
    """Write the file, or leave with a message and status 1 if a schema is refused."""
    args = arguments()
    try:
        if args.ocpp16:
            text = compile_ocpp16(args.actions.split(","))
        else:
            text = compile_named([source.split("=", 1) for source in args.sources])
    except CompileError as error:
        sys.exit(f"compile_schema: {error}")
    Path(args.out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
