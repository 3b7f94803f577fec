"""What a start costs on bare metal, in instructions that QEMU's -icount counts: they do not depend on this machine."""

import asyncio
import re

from bench.icount import count_boot

MOST = 42_000_000  # measured: 40.9 to 41.1 M by where objects lie; it took 134 M when each component cost collections


def test_reset_to_boot_notification_takes_few_instructions_and_no_complaint(qemu_image):
    """Fails where each component costs collections, or each import of what is built in a look into the file system."""
    instructions, console = asyncio.run(count_boot(qemu_image))
    assert instructions <= MOST, instructions
    assert "BootNotification: Accepted" in console
    assert not re.search("watchdog|Traceback|MemoryError", console), console
