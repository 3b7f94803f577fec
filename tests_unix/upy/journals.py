"""Stores for tests: real journals on a directory or a mounted flash."""

import os

from components.persistence import Persistence
from core.clock import Clock
from core.log import Log, LogTail
from core.urgent import Urgent


class Kernel:
    """What a store needs of the kernel."""

    def __init__(self):
        self.urgent = Urgent()


def make(home, clock=None, pulse=lambda: None, **options):
    """A store that is not started; its log is in ``store.tail``."""
    clock = clock or Clock()
    tail = LogTail(clock, None)
    store = Persistence(home, clock, Log(tail, "store"), pulse, Kernel(), **options)
    store.tail = tail
    return store


async def opened(home, **options):
    """A started store. One that was opened before and not stopped is a device whose power was cut."""
    store = make(home, **options)
    await store.start()
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
