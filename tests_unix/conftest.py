"""pytest set-up: device tests run in MicroPython (``upy_collect``), host tests import ``tools`` from the repository.

A module of host tests asks for ``site``: one charger, whose firmware runs from its first test to its last. A module may
say in ``CONFIGURATION`` which configuration keys it wants set, or define ``shared`` or ``site`` of its own.
"""

import sys
from pathlib import Path

import pytest
import pytest_asyncio
from upy_collect import device_tests, module_folders, pytest_pycollect_makemodule  # noqa: F401  (one is pytest's hook)

sys.path.insert(0, str(Path(__file__).parent.parent))

import pki
from charging_site import Site
from http_peer import HttpPeer
from ux509_process import Ux509

from tools.firmware import missing_interpreter

sys.path[1:1] = [str(path) for path in module_folders(Path(__file__).parent) if not device_tests(path / "x")]


def pytest_configure(config):
    """One sentence instead of a failure of every test."""
    if missing_interpreter():
        raise pytest.UsageError(missing_interpreter())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(request, tmp_path_factory):
    """A charging site that has booted and is connected to its central system."""
    async with Site(tmp_path_factory.mktemp("home"), settings=getattr(request.module, "SETTINGS", None)) as site:
        await site.boot()
        await site.configure(**getattr(request.module, "CONFIGURATION", {}))
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(shared):
    """The shared charger, free and idle; each test leaves it so and has spoken correct OCPP."""
    since = shared.mark()
    yield shared
    await shared.free()
    assert shared.wrong_messages(since) == []
    shared.check_calm()


@pytest.fixture
def peer():
    """An HTTP server, for this test alone: a thread of it may yet be at work when the test has ended."""
    with HttpPeer() as peer:
        yield peer


@pytest.fixture(scope="module")
def ux509():
    """ux509 inside MicroPython."""
    with Ux509() as ux509:
        yield ux509


@pytest.fixture(scope="module")
def root():
    return pki.Authority("Root")


@pytest.fixture(scope="module")
def rsa_root():
    return pki.Authority("RSA Root", key="RSA2048")
