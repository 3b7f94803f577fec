"""Runs in an image on a 32-bit machine, from boot.py: weighs what each component takes of the heap.

Prints ``heap NAME CODE OBJECTS START RUN`` for each component, in bytes after a collection: the names, functions and
classes of its modules (with what the first that needs it loads of lib/), its objects, what its ``start()`` and the
first steps of its ``run()`` keep. ``core`` is what is there before the first component, asyncio too; ``declarations``
is negative: what is let go of when all is built. Nobody is at the other ends of the lines: no connection, no frames.
"""

import gc
from micropython import const

_STEPS_MS = const(300)  # of a run() before it is weighed
_CODE, _OBJECTS, _START, _RUN = range(4)


class Scales:
    """What the heap grew by, for each name."""

    def __init__(self, names):
        self.weights = {name: [0, 0, 0, 0] for name in names}  # now, and not while something is weighed
        self._before = 0

    def lay(self):
        """From here on it is weighed."""
        gc.collect()
        self._before = gc.mem_alloc()

    def read(self, name, kind):
        """Up to here."""
        gc.collect()
        self.weights[name][kind] += gc.mem_alloc() - self._before

    def weighed(self, name, kind, function, *arguments):
        """Call it."""
        self.lay()
        result = function(*arguments)
        self.read(name, kind)
        return result


async def live(kernel, scales):
    """Start the parts and let them run as the kernel does, one by one."""
    import asyncio

    for part in kernel.parts:
        part.state = "started"
        if hasattr(part.instance, "start"):
            scales.lay()
            await part.instance.start()
            scales.read(part.name, _START)
    for part in kernel.parts:
        if hasattr(part.instance, "run"):
            scales.lay()
            part.task = asyncio.create_task(kernel._supervise(part))
            await asyncio.sleep_ms(_STEPS_MS)
            scales.read(part.name, _RUN)
        elif hasattr(part.instance, "tick"):
            scales.weighed(part.name, _RUN, part.instance.tick, 1)


def main(name):
    """Build the board as main.py does, and weigh."""
    gc.collect()
    empty = gc.mem_alloc()
    import asyncio  # with core's, whose weight it is in

    import main as firmware
    from core import board, declare
    from core.building import Builder
    from core.kernel import Kernel

    declared = board.entries(firmware.load_board(name))
    parts = [(entry["use"], board.full_name(scope, entry)) for scope, entry in declared]
    names = dict(reversed(parts))  # the first of several has the weight of their class
    gc.collect()
    core = gc.mem_alloc() - empty
    scales = Scales([full_name for _, full_name in parts] + ["declarations"])
    weighed = scales.weighed
    load, build, forget = declare.load_class, Builder._build, Kernel.forget_declarations

    def load_class(path):
        """The package that a component's module is in comes first, if it is a component itself."""
        for use, owner in names.items():
            if path.startswith(use.partition(":")[0] + "."):
                weighed(owner, _CODE, load, use)
        return weighed(names[path], _CODE, load, path)

    declare.load_class = load_class
    Builder._build = lambda self, declared: weighed(declared.name, _OBJECTS, build, self, declared)
    Kernel.forget_declarations = lambda self: weighed("declarations", _CODE, forget, self)
    asyncio.run(live(firmware.build(name, ""), scales))
    print("heap core", core, 0, 0, 0)
    for name, weights in sorted(scales.weights.items()):
        print("heap", name, *weights)
