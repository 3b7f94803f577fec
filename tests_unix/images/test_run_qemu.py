"""``make run`` with the board qemu_arm: its image in QEMU, beside the simulated site."""

import asyncio
import sys

from charging_site import eventually
from make_run import Browser
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
        page = Browser((await terminal.expect(r"OPEN IN A BROWSER +(\S+)"))[1])
        await terminal.expect("BootNotification: Accepted", 60)
        assert await sim("plug") == "plugged in\n"
        terminal.type("auth VISITOR\r")
        await terminal.expect("charging enabled", 30)
        assert await sim("unplug") == "unplugged\n"
        log = tmp_path / "central.log"
        await eventually(lambda: '"StopTransaction"' in log.read_text(), "StopTransaction", 30)
        await asyncio.to_thread(page.press, "plug")
        terminal.type("half a li")  # a card takes its place
        await asyncio.to_thread(page.press, "card", "CARD-7")
        await terminal.expect("charging enabled", 30)
        assert not (await asyncio.to_thread(page.get, "api/site"))["charger"]  # it has no sockets
        terminal.type("\x03")
        assert await asyncio.wait_for(terminal.end(), 30) == 0, terminal.text
    finally:
        terminal.kill()
