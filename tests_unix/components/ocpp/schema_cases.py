"""Makes OCPP payloads out of the JSON schemas in the ocpp package: valid ones, and ones that are broken somewhere."""

import copy
import json
import random
import string
from importlib.resources import files

# The generated modules, and the actions whose schemas each of them holds; a profile that is added is added here.
MODULES = {
    "components.ocpp.v16.schemas": (
        "Authorize BootNotification ChangeAvailability ChangeConfiguration ClearCache DataTransfer GetConfiguration "
        "Heartbeat MeterValues RemoteStartTransaction RemoteStopTransaction Reset StartTransaction StatusNotification "
        "StopTransaction UnlockConnector"
    ).split(),
    "components.ocpp.v16.local_list_schemas": "GetLocalListVersion SendLocalList".split(),
    "components.ocpp.certificates.schemas": (
        "CertificateSigned DeleteCertificate GetInstalledCertificateIds InstallCertificate SignCertificate"
    ).split(),
    "components.ocpp.v16.triggers.schemas": ["ExtendedTriggerMessage", "TriggerMessage"],
    "components.ocpp.v16.reservation_schemas": ["CancelReservation", "ReserveNow"],
    "components.ocpp.v16.limits_schemas": ["ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile"],
    "components.ocpp.firmware.schemas": (
        "UpdateFirmware GetDiagnostics FirmwareStatusNotification DiagnosticsStatusNotification"
    ).split(),
    "components.ocpp.signed_firmware.schemas": "SignedUpdateFirmware SignedFirmwareStatusNotification".split(),
    "components.ocpp.log_upload.schemas": "GetLog LogStatusNotification".split(),
    "components.ocpp.security.schemas": ["SecurityEventNotification"],
}
MODULE_OF = {action: module for module, actions in MODULES.items() for action in actions}

DATE_TIMES = [
    "2024-02-29T12:34:56Z",
    "2024-02-29T12:34:56.789+01:00",
    "2024-02-29T12:34:56",
    "2024-12-31 23:59:60-0330",
]
NO_DATE_TIMES = ["", "now", "2024-02-30T00:00:00Z", "2024-02-28T24:00:00Z", "2024-02-28T12:00Z", "2024-02-28T12:00:0.Z"]
URIS = ["http://example.org/a.bin", "https://u:p@[::1]:8443/x?y=%20#z", "ftp://example.org/"]
OTHER_TYPES = [None, True, False, 0, 1, -1, 1.5, 2.0, 16.1, 0.05, 10**20, "", "x", "1", [], [None], ["x"], {}, {"x": 1}]


def schema_of(action, response):
    """The JSON schema of a payload as the ocpp package has it, with its definitions in their places."""
    name = action + ("Response" if response else "")
    schema = json.loads((files("ocpp.v16") / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig"))
    return placed(schema, schema.pop("definitions", {}))


def placed(schema, definitions):
    """A copy of a schema without references."""
    if isinstance(schema, list):
        return [placed(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return placed(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: placed(part, definitions) for key, part in schema.items()}


class Cases:
    """A seeded stream of payloads for one schema."""

    def __init__(self, schema, seed):
        self.schema = schema
        self.random = random.Random(seed)

    def valid(self):
        return self.make(self.schema)

    def broken(self):
        """A valid payload with one to three things changed; a change may happen to leave it valid."""
        payload = self.valid()
        for _ in range(self.random.choice((1, 1, 2, 3))):
            payload = self.change(payload)
        return payload

    def make(self, schema):
        return getattr(self, "make_" + schema["type"])(schema)

    def make_object(self, schema):
        required = schema.get("required", ())
        chosen = [name for name in schema.get("properties", ()) if name in required or self.random.random() < 0.6]
        self.random.shuffle(chosen)
        return {name: self.make(schema["properties"][name]) for name in chosen}

    def make_array(self, schema):
        return [self.make(schema["items"]) for _ in range(self.random.randint(schema.get("minItems", 0), 3))]

    def make_string(self, schema):
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "format" in schema:
            return self.random.choice(URIS if schema["format"] == "uri" else DATE_TIMES)
        length = self.random.choice((0, 1, schema.get("maxLength", 30)))
        return "".join(self.random.choices(string.ascii_letters + " äß€🚗|.", k=length))

    def make_integer(self, schema):
        return self.random.choice((0, 1, -1, 7, 2**31, -(2**40), 10**18))

    def make_number(self, schema):
        return self.random.choice((0, 16, 6.1, 0.7, 21.4, 4800.1, -3.3, 1e6))

    def make_boolean(self, schema):
        return self.random.random() < 0.5

    def change(self, payload):
        """Change a random place of the payload: of a random type first, for most places are strings."""
        holder = [copy.deepcopy(payload)]
        by_type: dict = {}
        for path in places(holder):
            if path:
                by_type.setdefault(type(at(holder, path)).__name__, []).append(path)
        *above, key = self.random.choice(by_type[self.random.choice(sorted(by_type))])
        self.change_at(at(holder, above), key)
        return holder[0]

    def change_at(self, parent, key):
        old = parent[key]
        roll = self.random.random()
        if isinstance(old, dict) and roll < 0.5:
            old[self.random.choice(("extra", "", "Status", "idTag", "value", "[0]"))] = self.random.choice(OTHER_TYPES)
        elif isinstance(old, list) and roll < 0.7:
            parent[key] = self.random.choice(([], [], old * 4, [*old, self.random.choice(OTHER_TYPES)], {"0": old}))
        elif isinstance(old, str) and roll < 0.7:
            parent[key] = self.changed_text(old)
        elif isinstance(old, (int, float)) and roll < 0.7:
            parent[key] = self.random.choice((True, 2.0, 16.1, 0.05, 4.11, old + 0.25))
        elif roll < 0.8 and isinstance(parent, dict):
            del parent[key]
        else:
            parent[key] = self.random.choice([*OTHER_TYPES, [old], {"value": old}])

    def changed_text(self, old):
        return self.random.choice(
            (old + "x", old[:-1], old[1:], old.swapcase(), f"|{old}", old + "🚗" * 21, "ä" * 51, "z" * 256, "s" * 501)
            + (*NO_DATE_TIMES, *DATE_TIMES, "A|W", "Accepted")
        )


def at(value, path):
    for key in path:
        value = value[key]
    return value


def places(value):
    """Yield the path of every value inside a value, and of itself."""
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((key, *path) for path in places(inner))
