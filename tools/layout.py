"""What stands around a board's firmware, derived from its declaration: the CAN buses that settings.json gives a port,
and of each outlet the buses of its vehicle and its power module, and what simulates that module.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tools.elcon import ElconModules
from tools.imports import find, search_path
from tools.infy import InfyModules
from tools.powermodule import PowerModule
from tools.powerstage import PowerStage
from tools.selection import SelectionError, module_name, whereabouts

Path = tuple[str, ...]  # of a setting: ("can", "port") or ("can", "1", "port")
Entry = dict[str, Any]

_PORT = ("can", "port")  # of a board that is all defaults


class LayoutError(SelectionError):
    """A board around which nothing can be simulated; the text is the reason."""


@dataclass(frozen=True)
class Outlet:
    """Where an outlet's parts are. ``module`` makes its simulator: ``module(url, **options)``; None: there is none."""

    scope: str
    use: str
    vehicle_bus: Path
    module_bus: Path
    module: Callable[..., PowerStage] | None


def _reference(options: Entry) -> Entry:
    return {"scale": options.get("current_scale", 10)}


def _elcon(options: Entry) -> Entry:
    return {"addresses": options.get("addresses", (0xE5,))}


def _infy(options: Entry) -> Entry:
    group = options.get("group", -1)
    passed_on = {"addresses": options.get("addresses", (0,)), "group": None if group < 0 else group}
    return {**passed_on, "controller": options.get("controller", 0xF0)}


# What simulates the power module of a component, and which of the component's options are passed on.
_SIMULATORS: dict[str, tuple[type[PowerStage], Callable[[Entry], Entry]]] = {
    "components.charger:Charger": (PowerModule, _reference),
    "components.charger.elcon:Elcon": (ElconModules, _elcon),
    "components.charger.infy:Infypower": (InfyModules, _infy),
}


def outlets(board: str) -> list[Outlet]:
    """The outlets of a board, in its order. Raises LayoutError."""
    declaration = _declaration(board)
    own = _own(board, str(declaration.get("SIMULATOR", "")))
    ports = _ports(declaration.get("SETTINGS", {}))
    outer = [entry for entry in declaration["COMPONENTS"] if "scope" not in entry]
    scopes = {entry["scope"]: entry["components"] for entry in declaration["COMPONENTS"] if "scope" in entry}
    found = []
    for scope, entries in (scopes or {"": ()}).items():
        named = {entry["name"]: (entry, "") for entry in outer}
        named.update({entry["name"]: (entry, f"{scope}/") for entry in entries})
        if "charger" not in named:
            raise LayoutError(f"board {board}: no component 'charger'{' in scope ' + scope if scope else ''}")
        outlet = _outlet(scope, named, ports)
        found.append(replace(outlet, module=own) if own else outlet)
    return found


def settings_of(board: str) -> dict[str, Any]:
    """The SETTINGS of a board: what settings.json may have. Raises LayoutError."""
    return dict(_declaration(board).get("SETTINGS", {}))


def has(board: str, use: str) -> bool:
    """Whether a board has a component of this class. Raises LayoutError."""
    entries = _declaration(board)["COMPONENTS"]
    return any(use == one["use"] for entry in entries for one in entry.get("components", (entry,)))


def _own(board: str, use: str) -> Callable[..., PowerStage] | None:
    """What a board's SIMULATOR, "module:Class", names; the module is looked for like the board. Raises LayoutError."""
    if not use:
        return None
    module, _, name = use.partition(":")
    source = find(module, search_path())
    spec = importlib.util.spec_from_file_location(module, source) if source else None
    if spec is None or spec.loader is None:
        raise LayoutError(f"board {board}: SIMULATOR {use!r}: no module {module} on MICROPYPATH")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    if not hasattr(loaded, name):
        raise LayoutError(f"board {board}: SIMULATOR {use!r}: module {module} has no {name}")
    return getattr(loaded, name)


def _outlet(scope: str, named: dict[str, tuple[Entry, str]], ports: dict[str, Path]) -> Outlet:
    charger = named["charger"][0]
    options = charger.get("options", {})
    kind, passed_on = _SIMULATORS.get(charger["use"], (None, None))

    def module(url: str, **more: Any) -> PowerStage:
        assert kind is not None and passed_on is not None
        if "heartbeat" in more and kind is not PowerModule:
            raise LayoutError("--heartbeat: the power modules of this board have none")
        return kind(url, **{**passed_on(options), **more})

    return Outlet(
        scope, charger["use"], _bus("bms", named, ports), _bus("charger", named, ports), module if kind else None
    )


def _bus(part: str, named: dict[str, tuple[Entry, str]], ports: dict[str, Path]) -> Path:
    """The setting of the port behind a component's ``can``."""
    for service in ("can", "driver"):
        if part not in named:
            return _PORT
        part = named[part][0].get("bind", {}).get(service, service)
    prefix = named[part][1] if part in named else ""
    return ports.get(prefix + part, _PORT)


def _ports(settings: dict[str, Any], path: Path = ()) -> dict[str, Path]:
    """{full name of a component: the setting that is its ``port``}."""
    found: dict[str, Path] = {}
    for key, target in settings.items():
        if isinstance(target, dict):
            found.update(_ports(target, (*path, key)))
        elif target.endswith(".port"):
            found[target.removesuffix(".port")] = (*path, key)
    return found


def _declaration(board: str) -> dict[str, Any]:
    """What the board's module defines."""
    paths = search_path()
    source = find(module_name(board), paths)
    if source is None:
        raise LayoutError(f"no board {board}: no module {module_name(board)}; {whereabouts(module_name(board))}")
    before = list(sys.path)
    sys.path[:0] = [str(path) for path in paths]
    try:
        return runpy.run_path(str(source))
    finally:
        sys.path[:] = before
