"""The charger behind a serial line: MicroPython on one pseudo terminal, a port on another, a cable between them."""

import asyncio
import contextlib
import fcntl
import os
import pty
import termios
import tty

from tools.firmware import RESET_STATUS, ROOT, interpreter


class SerialBoard:
    """``async with SerialBoard(romfs) as board``: it runs, and starts again on machine.reset().

    port: name of the other end. text: what it said. status: None while it runs.
    """

    def __init__(self, image):
        self._command = [interpreter(), str(ROOT / "tests_unix/tools/board_repl.py"), str(image)]
        self._board, self._board_tty = pty.openpty()
        self._cable, self._port_tty = pty.openpty()
        for end in (self._board_tty, self._port_tty):
            tty.setraw(end)
        self.port = os.ttyname(self._port_tty)
        self.text = ""
        self.starts = 0
        self.status = None

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        loop.add_reader(self._board, self._from_board)
        loop.add_reader(self._cable, lambda: os.write(self._board, os.read(self._cable, 4096)))
        await self._start()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_):
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeper
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        loop = asyncio.get_running_loop()
        for end in (self._board, self._cable):
            loop.remove_reader(end)
        for end in (self._board, self._board_tty, self._cable, self._port_tty):
            os.close(end)

    def _from_board(self):
        data = os.read(self._board, 4096)
        self.text += data.decode("utf-8", "replace")
        os.write(self._cable, data)

    async def _start(self):
        end = self._board_tty
        own_terminal = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # noqa: E731  (Ctrl-C is a signal for it)
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=end, stdout=end, stderr=end, start_new_session=True, preexec_fn=own_terminal
        )
        self.starts += 1

    async def _keep(self):
        while (await self._process.wait()) == RESET_STATUS:
            await self._start()
        self.status = self._process.returncode
