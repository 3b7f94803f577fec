"""The part of a board that a black box is played into: what is at its outlets. Runs inside MicroPython."""

from core.board import entries, full_name
from core.declare import load_class

_DRIVER = "replay_parts:ReplayedBus"
_RECORDED = {"name": "recorded", "use": "replay_parts:Recorded", "critical": True}
_BUILT_IN = ("clock", "log", "kernel", "home", "pulse", "scope")


class Board:
    """What an evse requires, and what else speaks on a bus without any of the rest; each bus with a `ReplayedBus`.

    The first entry of each scope with an evse is a `Recorded`. ``drivers``: {full name of a bus: that of its driver}.
    """

    SETTINGS = {}

    def __init__(self, board):
        self.NAME = board.NAME
        self.drivers = {}
        self._all = {full_name(scope, entry): (scope, entry) for scope, entry in entries(board)}
        self._classes = {}
        self._wanted = set()
        for name, (_, entry) in self._all.items():
            if entry["name"] == "evse":
                self._want(name)
        for name in self._all:
            if "can" in self._needs(name) and self._has_all(name):
                self._want(name)
        self.COMPONENTS = tuple(self._components(board))

    def _class(self, name):
        if name not in self._classes:
            self._classes[name] = load_class(self._all[name][1]["use"])
        return self._classes[name]

    def _needs(self, name):
        return getattr(self._class(name), "requires", ())

    def _resolve(self, name, service):
        """The full name of what a component has as a service, None for what the kernel has."""
        scope, entry = self._all[name]
        bound = entry.get("bind", {}).get(service, service)
        if scope and scope + "/" + bound in self._all:
            return scope + "/" + bound
        return None if bound in _BUILT_IN else bound

    def _is_driver(self, name):
        return self._all[name][1]["use"].startswith("drivers.")

    def _has_all(self, name):
        """Is all there that it requires?"""
        for service in self._needs(name):
            needed = self._resolve(name, service)
            if needed is not None and needed not in self._wanted:
                return False
        return True

    def _want(self, name):
        if name in self._wanted:
            return
        self._wanted.add(name)
        if name in self.drivers.values():
            return
        for service in self._needs(name):
            needed = self._resolve(name, service)
            if needed is None:
                continue
            if service == "driver" and self._is_driver(needed):
                self.drivers[name] = needed
            self._want(needed)

    def _components(self, board):
        outside = [entry for entry in board.COMPONENTS if "scope" not in entry]
        for entry in self._kept("", outside):
            yield entry
        for entry in board.COMPONENTS:
            inside = tuple(self._kept(entry["scope"], entry["components"])) if "scope" in entry else ()
            if inside:
                yield {"scope": entry["scope"], "components": inside}

    def _kept(self, scope, group):
        if full_name(scope, {"name": "evse"}) in self._wanted:
            yield _RECORDED  # what is before the others ticks before them
        for entry in group:
            name = full_name(scope, entry)
            if name not in self._wanted:
                continue
            if name in self.drivers.values():
                yield {"name": entry["name"], "use": _DRIVER}
            else:
                yield {key: entry[key] for key in entry if key != "early"}
