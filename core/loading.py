"""What is needed once is imported where it is needed, in the function that needs it, and let go afterwards.

An image has the code frozen: what is on the heap of a module is its names, functions and classes, some 1 KB.
Importing it again may fail for want of memory, as any allocation may: so nothing is loaded so that stops charging, or
that money depends on.
"""

import sys


def unload(name):
    """Unload a module: its memory is free when none of its objects is referenced any more. It need not be there."""
    sys.modules.pop(name, None)
    package, _, module = name.rpartition(".")
    try:
        delattr(sys.modules[package], module)  # a package keeps its modules
    except (KeyError, AttributeError):
        pass


def unbind(package):
    """Take its modules out of a package, which keeps each of them besides sys.modules; imports find them there.

    It must have none of them as a global name of its own (``from . import module`` outside of its functions).
    """
    prefix = package + "."
    for name in sys.modules:
        if name.startswith(prefix):  # a new string is looked for among all there are, so none is made of the others
            module = name[len(prefix) :]
            if "." not in module and hasattr(sys.modules[package], module):
                delattr(sys.modules[package], module)


def drop_unmade():
    """Drop the names without a module that imports have left which failed for want of memory: to import one of them
    again would be the end of MicroPython. It allocates nothing.
    """
    for name in sys.modules:
        if sys.modules.get(name) is None:
            sys.modules.pop(name, None)


class OnDemand:
    """Modules that are there for a while: what is imported between a `begin` and its `end`, or in its ``with``, is let
    go.

    Where several overlap it is with the last `end`. What runs on after that keeps what it has of them, and what waits
    for hours has its modules kept, for during a use that does not end nothing is let go of.
    """

    def __init__(self):
        self._users = 0
        self._kept = []  # type: list  # what `keep` returned, until it is dropped
        self._resident = None  # type: list  # the names of the modules that were there before

    def begin(self):
        """Raises MemoryError: then nothing has begun."""
        if self._resident is None:
            self._resident = list(sys.modules)  # a set of 150 names takes 20 times as long
        self._users += 1

    __enter__ = begin

    def __exit__(self, kind, value, traceback):
        if kind is MemoryError:
            drop_unmade()
        self.end()

    def keep(self, names):
        """Between a `begin` and its `end`: have these modules stay until `drop`. Returns those that would not."""
        kept = tuple([name for name in names if name not in self._resident or self._is_kept(name)])
        self._kept.append(kept)
        return kept

    def drop(self, kept):
        """Unload what `keep` returned unless others keep it: now, or with the last `end`, for it may be in use."""
        self._kept.remove(kept)
        for name in kept:
            if self._is_kept(name):
                continue
            if self._resident is None:
                unload(name)
            elif name in self._resident:
                self._resident.remove(name)

    def _is_kept(self, name):
        for kept in self._kept:
            if name in kept:
                return True
        return False

    def _came(self):
        """The names of the modules that were not there before. Raises MemoryError.

        sys.modules lists the others in the same order, unless its table has grown.
        """
        resident, at, came = self._resident, 0, []
        for name in sys.modules:
            if at < len(resident) and resident[at] is name:
                at += 1
            elif name in resident:
                at = resident.index(name) + 1
            else:
                came.append(name)
        return came

    def end(self):
        self._users -= 1
        if self._users:
            return
        try:
            for name in self._came():
                if not self._is_kept(name):
                    unload(name)
        except MemoryError:
            drop_unmade()
            return  # they are let go with the next end
        self._resident = None
