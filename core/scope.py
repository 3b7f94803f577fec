"""A group of components whose failure affects only that group."""

from core.signals import Untimed


class Scope:
    """The service "scope" of what is inside one: its ``name``, and the Signal ``alive``.

    ``alive`` is True while every critical component outside of all scopes and every critical one inside runs.
    Outside of all scopes that service is the kernel, with the name "" and its own ``alive``.
    """

    def __init__(self, name, kernel):
        self.name = name
        self._kernel = kernel
        self.alive = Untimed(False)
        kernel.alive.watch(self.update, first=True)

    def update(self, _=None):
        """It allocates nothing: closing the gate must work when the memory is full."""
        self.alive.set(self._kernel.alive.value and self._kernel.all_run(self.name))
