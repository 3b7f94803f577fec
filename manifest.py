"""What MicroPython's build freezes: the modules of the board in the environment's UCHARGE_BOARD, asyncio, and start-up
modules of the port. Docstrings are never compiled; assert statements are left out.

UCHARGE_NATIVE=0: the target runs no machine code, so the modules that have some are frozen as plain Python.
UCHARGE_BOOT: start-up modules and folders of such, with ":" between them.
"""

import os
import sys

sys.path.insert(0, os.getcwd())  # this file's folder: makemanifest goes there before it runs this

from tools.selection import Selection

# -O2: no assert statements, but line numbers: 8.6 KB of 160 KB, which make a traceback from the field useful.
_OPT = 2


def _freeze(path, source):
    module(path, base_path=source[: -len(path) - 1], opt=_OPT)


def _freeze_start(place):
    """Freeze a module, or those in a folder."""
    for name in sorted(os.listdir(place)) if os.path.isdir(place) else [""]:
        source = os.path.join(place, name) if name else place
        if source.endswith(".py"):
            _freeze(os.path.basename(source), source)


for _path, _source in Selection(os.environ["UCHARGE_BOARD"], os.environ.get("UCHARGE_NATIVE") != "0").files:
    _freeze(_path, str(_source))
for _place in filter(None, os.environ.get("UCHARGE_BOOT", "").split(":")):
    _freeze_start(_place)
include("$(MPY_DIR)/extmod/asyncio")
