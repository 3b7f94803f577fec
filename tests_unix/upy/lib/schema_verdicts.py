"""Judges payloads for a host test: reads lines ``{"module", "action", "response", "payload"}``,
writes ``[path, rule, code]`` or null."""

import json
import sys


def verdict(case):
    from ujson_schema import SchemaError, validate

    schemas = __import__(case["module"], None, None, ("request",))
    schema = (schemas.response if case["response"] else schemas.request)(case["action"])
    try:
        validate(schema, case["payload"])
    except SchemaError as error:
        return [error.path, error.rule, error.code]
    return None


def main():
    sys.path[:] = sys.argv[1:] + [".frozen"]
    for line in sys.stdin:
        print(json.dumps(verdict(json.loads(line))))


if __name__ == "__main__":
    main()
