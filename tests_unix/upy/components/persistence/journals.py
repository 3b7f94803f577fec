"""Stores for tests: real journals on a directory or a mounted flash."""

import os

from construct import construct

from components.persistence import Persistence
from components.persistence.records import HEAD
from core.clock import Clock
from core.log import Log, LogTail
from core.signals import Signal
from core.urgent import Urgent


class Kernel:
    """What a store, or a bus, needs of the kernel."""

    building = ""

    def __init__(self):
        self.urgent = Urgent()
        self.exits = []
        self.releases = Signal(0)

    def request_exit(self, code, reason):
        self.exits.append((code, reason))


def make(home, clock=None, pulse=lambda: None, **options):
    """A store that is not started; its log is in ``store.tail``."""
    clock = clock or Clock()
    tail = LogTail(clock, None)
    store = construct(Persistence, home, clock, Log(tail, "store"), pulse, Kernel(), **options)
    store.kernel = store._kernel
    store.tail = tail
    return store


async def opened(home, **options):
    """A started store that works, else its Error. One not stopped before is a device whose power was cut."""
    store = make(home, **options)
    await store.start()
    if store.fault.value:
        raise store.Error("%s: %s" % (store.fault.value, list(store.tail.lines)))
    return store


def state_of(store, queues=("q",)):
    """All that the store holds, as one comparable object."""
    return {key: store.get(key) for key in store.keys()}, [list(store.queue(name).entries()) for name in queues]


def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def path(home):
    return home + "/state/journal"


def content(home, name="journal"):
    with open(home + "/state/" + name, "rb") as file:
        return file.read()


def lay(home, data):
    """A device with this journal, and nothing beside it."""
    for name in os.listdir(home + "/state") if exists(home + "/state") else ():
        os.remove(home + "/state/" + name)
    if not exists(home + "/state"):
        os.mkdir(home + "/state")
    with open(path(home), "wb") as file:
        file.write(data)


def places(data):
    """[(offset, length of one copy)] of the records of a journal."""
    found = []
    at = 0
    while at < len(data):
        length = HEAD + (data[at + 1] | data[at + 2] << 8)
        found.append((at, length))
        at += 2 * length
    return found


def vital(store):
    store.vital("ocpp/tx", "the running transaction")
    store.vital("console.stop", "the emergency stop")


async def restarted(home):
    """A store with vital keys that is started."""
    store = make(home)
    vital(store)
    await store.start()
    assert store.fault.value == "", list(store.tail.lines)
    return store
