"""pytest set-up: device tests run in MicroPython (``upy_collect``), host tests import ``tools`` from the repository."""

import sys
from pathlib import Path

from upy_collect import pytest_pycollect_makemodule  # noqa: F401  (a pytest hook)

sys.path.insert(0, str(Path(__file__).parent.parent))
