"""The state of a charger is its owner's alone: folders 0700, files 0600, whatever the umask is."""

import os
import stat

import pytest
from charging_site import Site


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.asyncio
async def test_no_other_user_may_read_the_state(tmp_path):
    before = os.umask(0o022)
    try:
        async with Site(tmp_path) as site:
            await site.boot()
            state = tmp_path / "state"
            assert mode(state) == 0o700
            files = list(state.iterdir())
            assert files and all(mode(path) == 0o600 for path in files), [(path, oct(mode(path))) for path in files]
            await site.firmware.interrupt()
            state.chmod(0o755)  # as firmware before left it
            for path in files:
                path.chmod(0o644)
            await site.boot()
            assert mode(state) == 0o700 and all(mode(path) == 0o600 for path in state.iterdir())
            site.check_calm()
    finally:
        os.umask(before)
