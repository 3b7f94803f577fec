"""Security events have no CALLs of the central system; they are only sent."""

from . import schemas  # noqa: F401  # see `CallDispatcher`
