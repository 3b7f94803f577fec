"""Local Auth List Management: the answers to GetLocalListVersion and SendLocalList (OCPP 1.6, sections 5.10 and 5.15).

`listed` is the station's feature "local_list", see there.
"""

from micropython import const

from core.isotime import parse_utc

from . import local_list_schemas as schemas  # noqa: F401  # see `CallDispatcher`

_NOT_SUPPORTED = const(-1)  # the version, section 5.10


def get_local_list_version(listed, payload):
    """GetLocalListVersion (section 5.10)."""
    return {"listVersion": listed.file.version if listed.enabled() else _NOT_SUPPORTED}


def send_local_list(listed, payload):
    """SendLocalList (section 5.15): its answer, or a coroutine for it."""
    version, full = payload["listVersion"], payload["updateType"] == "Full"
    if not listed.enabled():
        return {"status": "NotSupported"}
    if not listed.requests().follows(listed, version, full):
        return {"status": "VersionMismatch"}
    return _answer_update(listed, payload.get("localAuthorizationList", []), version, full)


async def _answer_update(listed, entries, version, full):
    done = await listed.requests().send(listed, entries, version, full, parsed)
    return {"status": "Accepted" if done else "Failed"}


def parsed(entry):
    """The entry of an AuthorizationData. Raises ValueError."""
    info = entry.get("idTagInfo")
    if info is None:
        return entry["idTag"], None, None, None
    expiry_ms = parse_utc(info["expiryDate"]) if "expiryDate" in info else None
    return entry["idTag"], info["status"], expiry_ms, info.get("parentIdTag")
