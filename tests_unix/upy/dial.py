"""A component with settings, for boards that do not start: alone in its module, which each start loads anew."""

import os

from core.kernel import RESTART


class Dial:
    """Asks for a restart as soon as it runs. While the home has a file ``broken`` it does not start."""

    requires = ("kernel", "home")
    options = {"url": (str, ..., 1, 60), "current": (int, 16, 6, 32), "password": (str, ""), "old": (bool, False)}

    def __init__(self, kernel, home, url, current=16, password="", old=False):
        self._kernel = kernel
        self._home = home
        if not url.startswith("ws"):
            raise ValueError("option 'url': %r is not ws://" % url)

    async def start(self):
        if "broken" in os.listdir(self._home):
            raise OSError("the medium does not answer")

    async def run(self):
        self._kernel.request_exit(RESTART, "test")
