"""What is needed once is imported where it is needed, in the function that needs it, and let go afterwards.

An image has the code frozen: what is on the heap of a module is its names, functions and classes, some 1 KB.
Importing it again may fail for want of memory, as any allocation may: so nothing is loaded so that stops charging, or
that money depends on.
"""

import sys


def unload(name):
    """Let go of a module: its memory is free when nobody has one of its objects any more. It need not be there."""
    sys.modules.pop(name, None)
    package, _, module = name.rpartition(".")
    try:
        delattr(sys.modules[package], module)  # a package keeps its modules
    except (KeyError, AttributeError):
        pass
