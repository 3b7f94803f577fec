"""Of security events nothing is asked; we tell them."""

from . import schemas  # noqa: F401  # see `Actions`
