"""``make run`` with the board qemu_arm: its image in QEMU, beside the simulated site."""

import asyncio
import sys

from charging_site import eventually
from test_tools_station import ROOT, Terminal


async def test_make_run_takes_the_image_of_qemu_arm(qemu_image, tmp_path):
    """A session by hand, as on the unix port: the console is this terminal, Ctrl-C ends it."""
    terminal = Terminal(sys.executable, "-m", "tools.run", "--board", "qemu_arm", "--home", str(tmp_path))

    async def sim(*words):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.sim", "--home", str(tmp_path), *words, cwd=ROOT, stdout=-1
        )
        return (await process.communicate())[0].decode()

    try:
        await terminal.expect("ucharge, board qemu_arm", 300)
        await terminal.expect("BootNotification: Accepted", 60)
        assert await sim("plug") == "plugged in\n"
        terminal.type("auth VISITOR\r")
        await terminal.expect("charging enabled", 30)
        assert await sim("unplug") == "unplugged\n"
        log = tmp_path / "central.log"
        await eventually(lambda: '"StopTransaction"' in log.read_text(), "StopTransaction", 30)
        terminal.type("\x03")
        assert await asyncio.wait_for(terminal.end(), 30) == 0, terminal.text
    finally:
        terminal.kill()
