"""What a dialect asks of the list: see `LocalList`, which is `listed` here; loaded for that."""

from micropython import const

from .records import TAG, pack
from .update import ListError, is_now, update

_AT_ONCE = const(8)  # entries made into records in one step of the event loop


def follows(listed, version, full):
    """May an update have this version?"""
    return full or listed.file.broken or version > listed.file.version


async def send(listed, entries, version, full, parse):
    """Replace the list (`full`), or change it, by ``parse(entry)`` of each of the `entries`, all or nothing: is it
    done? The log says why not. `parse` may raise ValueError; the entries are taken out of their list.
    """
    try:
        await _update(listed, entries, version, full, parse)
    except (ListError, ValueError, OSError) as e:
        listed.log.rare("the local list stays as it is: %s", str(e))
        return False
    listed.settle()
    listed.log.info("local list: version %d, %d entries", listed.file.version, listed.file.count)
    return True


async def _update(listed, entries, version, full, parse):
    file = listed.file
    if listed.file.broken and not full:
        raise ListError("a broken list must come as a whole")
    if len(entries) > listed.max_update:
        raise ListError("%d entries at once, allowed are %d" % (len(entries), listed.max_update))
    if not 0 < version <= 0x7FFFFFFF and (entries or not full):
        raise ListError("%d is no version of a list" % version)
    batch = await _records(listed, entries, full, parse)
    if not (full and await is_now(file, batch, version)):
        await update(file, batch, version, full, listed.max_entries)


async def _records(listed, entries, full, parse):
    """Sorted records of the entries, which are taken out of their list: their objects fill the heap."""
    batch = []
    while entries:
        batch.append(pack(parse(entries.pop()), not full))
        if len(batch) % _AT_ONCE == 0:
            await listed.clock.sleep_ms(0)
    batch.sort()
    for at in range(1, len(batch)):
        if batch[at][:TAG] == batch[at - 1][:TAG]:
            raise ListError("an idTag comes twice: %s" % batch[at][:TAG].rstrip(b"\0").decode())
    return batch
