"""The answers to GetLocalListVersion and SendLocalList. `profile` is the LocalList."""

from micropython import const

from . import schemas  # noqa: F401  # see `CallDispatcher`
from .records import TAG, pack
from .update import ListError, is_now, update

_NOT_SUPPORTED = const(-1)  # the version, section 5.10
_AT_ONCE = const(8)  # entries made into records in one step of the event loop


def get_local_list_version(profile, payload):
    """GetLocalListVersion (section 5.10)."""
    return {"listVersion": profile.file.version if profile.enabled() else _NOT_SUPPORTED}


def send_local_list(profile, payload):
    """SendLocalList (section 5.15): its answer, or a coroutine for it."""
    version = payload["listVersion"]
    full = payload["updateType"] == "Full"
    entries = payload.get("localAuthorizationList", [])
    if not profile.enabled():
        return {"status": "NotSupported"}
    if not full and not profile.file.broken and version <= profile.file.version:
        return {"status": "VersionMismatch"}
    return _answer_update(profile, entries, version, full)


async def _answer_update(profile, entries, version, full):
    try:
        await _update(profile, entries, version, full)
    except (ListError, ValueError, OSError) as e:
        profile.log.rare("the local list stays as it is: %s", str(e))
        return {"status": "Failed"}
    profile.settle()
    profile.log.info("local list: version %d, %d entries", profile.file.version, profile.file.count)
    return {"status": "Accepted"}


async def _update(profile, entries, version, full):
    file = profile.file
    if profile.file.broken and not full:
        raise ListError("a broken list must come as a whole")
    if len(entries) > profile.max_update:
        raise ListError("%d entries at once, allowed are %d" % (len(entries), profile.max_update))
    if not 0 < version <= 0x7FFFFFFF and (entries or not full):
        raise ListError("%d is no version of a list" % version)
    batch = await _records(profile, entries, full)
    if not (full and await is_now(file, batch, version)):
        await update(file, batch, version, full, profile.max_entries)


async def _records(profile, entries, full):
    """Sorted records of the entries, which are taken out of their list: their objects fill the heap."""
    batch = []
    while entries:
        batch.append(pack(entries.pop(), not full))
        if len(batch) % _AT_ONCE == 0:
            await profile.clock.sleep_ms(0)
    batch.sort()
    for at in range(1, len(batch)):
        if batch[at][:TAG] == batch[at - 1][:TAG]:
            raise ListError("an idTag comes twice: %s" % batch[at][:TAG].rstrip(b"\0").decode())
    return batch
