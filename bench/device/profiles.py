"""Runs in an image of every profile, from boot.py: weighs what each component takes of the heap.

Prints ``heap NAME BYTES`` for each: its functions and classes once its modules are imported, its objects, and what its
``start()`` reads, each after a collection. Nothing runs: no connection, no frames.
"""

import asyncio
import gc

from core import declare, kernel

_weights = {}


def weighed(name, function, *arguments):
    """Call, and add what the heap has grown by to the weight of a component."""
    gc.collect()
    before = gc.mem_alloc()
    result = function(*arguments)
    gc.collect()
    _weights[name] = _weights.get(name, 0) + gc.mem_alloc() - before
    return result


async def start(parts):
    """As the kernel does."""
    for part in parts:
        if hasattr(part.instance, "start"):
            gc.collect()
            before = gc.mem_alloc()
            await part.instance.start()
            gc.collect()
            _weights[part.name] += gc.mem_alloc() - before


def main(board):
    """Build as main.py does, and weigh."""
    import main as firmware

    names = {entry["use"]: entry["name"] for entry in firmware.load_board(board).COMPONENTS}
    load, build = declare.load_class, kernel.Kernel._build
    declare.load_class = lambda path: weighed(names[path], load, path)
    kernel.Kernel._build = lambda self, part, *rest: weighed(part.name, build, self, part, *rest)
    _weights.update(dict.fromkeys(names.values(), 0))  # now, and not while something is weighed
    whole = firmware.build(board, "")
    asyncio.run(start(whole.parts))
    for name in sorted(_weights):
        print("heap", name, _weights[name])
