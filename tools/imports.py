"""The import statements of device code, read without running it, and where a module is found."""

from __future__ import annotations

import ast
import functools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# Standard modules that MicroPython has built in, on the ESP32 or (termios) on the unix port; asyncio is frozen into all
# images. Others of the usual builds (ssl, ntptime, neopixel ...) are Python that those freeze, and our images do not.
DEVICE_MODULES = frozenset(
    """_thread array asyncio binascii bluetooth btree builtins canguard cmath collections cryptolib deflate errno esp
    esp32 framebuf gc gcheap hashlib heapq io json machine math micropython mps2 nameservers network os platform random
    re select socket struct sys termios time tls uctypes uhashlib vfs""".split()
)
_MICROPYPATH = ".frozen:~/.micropython/lib:/usr/lib/micropython"  # what MicroPython takes without the variable
_STATION = "components.station."
_DIALECT = re.compile(r"components\.ocpp\.v\d+")
_CATCHES_IMPORT = {"ImportError", "SyntaxError", "Exception"}
_MACHINE_CODE = {"viper", "native", "asm_thumb", "asm_xtensa", "asm_rv32"}


class SelectionError(Exception):
    """A board cannot be put together: the message names the board, the module and what it misses."""


class Import(NamedTuple):
    """One import statement: the dotted names of what it may mean, the longest first."""

    names: tuple[str, ...]


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file, not to be changed: the same text has the same one. Raises SelectionError."""
    try:
        return _tree(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise SelectionError(f"{path}: line {error.lineno}: {error.msg}") from None


@functools.lru_cache(maxsize=1000)
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def import_names(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[Import]:
    """What one statement imports; ``from a import b`` is the module a.b if there is one, otherwise a."""
    if isinstance(node, ast.Import):
        yield from (Import((alias.name,)) for alias in node.names)
        return
    parts = package.split(".") if package else []
    above = parts[: len(parts) + 1 - node.level] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    yield from (Import((f"{base}.{alias.name}", base)) for alias in node.names)


def catches_import_error(node: ast.Try) -> bool:
    """Whether a try statement continues without a module that is not there."""
    caught = [name for handler in node.handlers if handler.type for name in ast.walk(handler.type)]
    return any(isinstance(name, ast.Name) and name.id in _CATCHES_IMPORT for name in caught)


def is_on_demand(node: ast.AST, parent: ast.AST) -> bool:
    """Whether it is a package's ``__getattr__``: what that imports is used only with a name of it."""
    return isinstance(parent, ast.Module) and isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def imports_for(what: str, tree: ast.AST, package: str) -> Iterator[Import]:
    """What a package's ``__getattr__`` imports to have a name: ``from a.b import what``."""
    for function in ast.iter_child_nodes(tree):
        if is_on_demand(function, tree):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom) and what in (alias.name for alias in node.names):
                    yield from import_names(node, package)


def binds(tree: ast.AST, name: str) -> bool:
    """Whether a module gives something this name: by an assignment, a definition or an import."""
    for node in ast.walk(tree):
        if name in (getattr(node, "id", None), getattr(node, "name", None), getattr(node, "asname", None)):
            return True
    return False


@functools.lru_cache(maxsize=1000)
def has_machine_code(tree: ast.AST) -> bool:
    """Whether a module has functions for the native code emitter."""
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
            if name in _MACHINE_CODE:
                return True
    return False


def search_path() -> list[Path]:
    """Where modules are looked for: the repository, its lib, and MICROPYPATH."""
    root = Path(__file__).resolve().parent.parent
    further = os.environ.get("MICROPYPATH") or _MICROPYPATH
    return [root, root / "lib", *(Path(p).expanduser() for p in further.split(":") if p and p != ".frozen")]


def find(name: str, paths: Iterable[Path]) -> Path | None:
    """The source of a module: the first folder of the path that has its first package decides."""
    first, *rest = name.split(".")
    for folder in paths:
        if (folder / first).is_dir() or (folder / f"{first}.py").is_file():
            base = folder.joinpath(first, *rest)
            for source in (base / "__init__.py", base.parent / f"{base.name}.py"):
                if source.is_file():
                    return source
            return None
    return None


def owner_of(name: str) -> str:
    """The package or component that a module belongs to: components.ocpp of components.ocpp.v16.boot."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("components", "drivers") else parts[0]


def answers_for(declared: Iterable[str], taken: Iterable[str]) -> list[tuple[str, str]]:
    """(feature, module) of what the dispatcher of ocpp loads by its name: of a dialect that is taken, its answers for
    each feature of the station that a board declares. There need not be such a module.
    """
    features = sorted(name for name in declared if name.startswith(_STATION))
    dialects = sorted(filter(_DIALECT.fullmatch, taken))
    return [(name, f"{dialect}.{name.removeprefix(_STATION)}") for dialect in dialects for name in features]
