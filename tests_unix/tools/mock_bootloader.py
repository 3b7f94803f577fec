"""The package esp32-mock-bootloader on a pseudo terminal, patient: ``python mock_bootloader.py CHIP`` prints its port.

It waits 50 ms for an answer of the host and begins a new session 3 s after the end of a write, in whatever is going on:
a busy machine is slower than that.
"""

import sys

from esp32_mock_bootloader import cli, server

server._CLIENT_RECV_TIMEOUT = 20.0
server._FLASH_END_IDLE_SEC = 1e9
sys.argv[1:] = ["run", "--pty", "--chip", sys.argv[1]]
sys.exit(cli.main())
