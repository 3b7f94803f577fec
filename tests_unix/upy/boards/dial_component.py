"""A component with settings, for boards that do not start: alone in its module, which each start loads anew."""

import os

from core.kernel import RESTART


class Dial:
    """Asks for a restart as soon as it runs. With ``broken`` in the home it does not start, with ``absent`` it cannot
    be built.
    """

    requires = ("kernel", "home")
    options = {"url": (str, ..., 1, 60), "current": (int, 16, 6, 32), "password": (str, ""), "old": (bool, False)}

    def __init__(self, kernel, home, url, current=16, password="", old=False):
        self._kernel = kernel
        self._home = home
        if not url.startswith("ws"):
            raise ValueError("option 'url': %r is not ws://" % url)
        if "absent" in os.listdir(home):
            raise OSError("the hardware does not answer")

    async def start(self):
        if "broken" in os.listdir(self._home):
            raise OSError("the medium does not answer")

    async def run(self):
        self._kernel.request_exit(RESTART, "test")
