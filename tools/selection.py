"""What a board needs on the device, derived from its declaration: the modules to freeze or to lay into a file system.

``Selection("unix").files`` lists [(path in the image, source)]: all of core, what the board's COMPONENTS name, and by
their import statements (those inside functions too) what these need; the board, main.py, and a generated image.py.

An import inside ``try`` with a handler for ImportError or SyntaxError is optional: what stands in for the module is not
taken. What a package's ``__getattr__`` imports for a name is taken if that name is used. A feature of the station that
the board names brings the module of its name in the dialect that ``components.ocpp`` takes. Besides the repository
the folders of MICROPYPATH are searched, as MicroPython itself does. For a target without machine code our own modules
are taken from build/BOARD/plain/, without the decorators that ask for it (core/plain.py).

MicroPython's own build runs this under whatever python3 there is: no import from outside the standard library.
"""

from __future__ import annotations

import ast
import os
import runpy
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from core.plain import without_machine_code
from tools.imports import (
    DEVICE_MODULES,
    Import,
    SelectionError,
    answers_for,
    binds,
    catches_import_error,
    find,
    has_machine_code,
    import_names,
    imports_for,
    is_on_demand,
    owner_of,
    parse,
    search_path,
)
from tools.version import built, version

ROOT = Path(__file__).resolve().parent.parent
_GENERATED = "image"


class Module(NamedTuple):
    """A module of the selection."""

    name: str
    path: str  # in the image, relative to a folder of sys.path: "uwebsockets/__init__.py"
    source: Path
    owner: str  # the package or component that it belongs to


def _write(path: Path, text: str) -> None:
    """Write a file if that changes it; another process may be reading it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def module_name(board: str) -> str:
    """The board's module: ``boards.NAME``, or the dotted name of a board from elsewhere."""
    return board if "." in board else "boards." + board


def boards() -> list[str]:
    """Names of the boards in the tree."""
    return sorted(path.stem for path in (ROOT / "boards").glob("*.py") if path.stem != "__init__")


def whereabouts(module: str) -> str:
    """Where a board that is not found would have been."""
    package = module.partition(".")[0]
    elsewhere = f"MICROPYPATH must name the folder that has {package}/; " if package != "boards" else ""
    return f"{elsewhere}boards/ has {', '.join(boards())}"


class Selection:
    """The modules of one board.

    board: its name or a dotted module. native: the target can run machine code. build: where the folder BOARD with what
    is generated goes. paths: where to look for modules. Raises SelectionError.
    """

    def __init__(self, board: str, native: bool = True, build: Path = ROOT / "build", paths: Iterable[Path] = ()):
        self.name = board
        self.board = module_name(board)
        self.native = native
        self.folder = build / board
        self.paths = list(paths) or search_path()
        self.modules: dict[str, Module] = {}
        self._owner = ""
        self._declared: set[str] = set()  # modules that the board names: a profile of ocpp is one beside ocpp itself
        if self._find(self.board) is None:
            raise SelectionError(f"no board {board}: no module {self.board}; {whereabouts(self.board)}")
        self.declaration = self._declaration()
        self._add_core()
        for name in ("main", self.board):
            self._root(name, name.partition(".")[0])
        uses = self._uses()
        self._declared = {use.partition(":")[0] for _, use in uses if use.startswith(("components.", "drivers."))}
        for component, use in uses:
            name = use.partition(":")[0]
            if not self._exists(name):
                raise SelectionError(f"board {board}: component {component}: no module {name} for {use!r}")
            self._root(name, self._declared_by(name) or owner_of(name))
            self._ask(name, use.partition(":")[2])
        for feature, answers in answers_for(self._declared, self.modules):
            if self._exists(answers):
                self._root(answers, feature)

    @property
    def files(self) -> list[tuple[str, Path]]:
        """[(path in the image, source)], sorted; writes what is generated where it changed."""
        generated = self.folder / (_GENERATED + ".py")
        _write(generated, self.image_source)
        return sorted([(m.path, self._source(m)) for m in self.modules.values()] + [(generated.name, generated)])

    def _source(self, module: Module) -> Path:
        """The file of a module, without machine code if the target cannot run that."""
        if self.native or not has_machine_code(parse(module.source)):
            return module.source
        plain = self.folder / "plain" / module.path
        _write(plain, without_machine_code(module.source.read_text(encoding="utf-8")))
        return plain

    @property
    def port(self) -> str:
        """MicroPython's port for the board: its PORT, "esp32" if it has none."""
        return str(self.declaration.get("PORT", "esp32"))

    @property
    def packages(self) -> dict[str, list[str]]:
        """{package, component or driver: [path in the image]}, both sorted; the generated module is with main."""
        table: dict[str, list[str]] = {"main": [_GENERATED + ".py"]}
        for module in self.modules.values():
            table.setdefault(module.owner, []).append(module.path)
        return {owner: sorted(table[owner]) for owner in sorted(table)}

    @property
    def image_source(self) -> str:
        """The text of the module ``image``, which has the board for main.py."""
        text = f'BOARD = "{self.board}"\nVERSION = "{version()}"\nBUILT = {built()}\n'
        if any(entry["use"].startswith("components.improv:") for _, entry in self.entries):
            text += "CTRL_C = -1\n"  # its byte is one of each frame
        return '"""Generated: what this image was made for, and when (Unix time of the commit)."""\n\n' + text

    def _add_core(self) -> None:
        names = ["core" if path.stem == "__init__" else "core." + path.stem for path in (ROOT / "core").glob("*.py")]
        for name in sorted(set(names) - self._superseded()):
            self._root(name, "core")

    def _superseded(self) -> set[str]:
        """Modules of core of which another one takes the place."""
        names: set[str] = set()
        for path in (ROOT / "core").glob("*.py"):
            for node in ast.walk(parse(path)):
                if isinstance(node, ast.Try) and catches_import_error(node):
                    _, left = self._branches(node, "core")
                    names |= {self._meant(statement) for statement in left} - {"core"}
        return names

    def _declaration(self) -> dict[str, Any]:
        """What the board's module defines."""
        before = list(sys.path)
        sys.path[:0] = [str(path) for path in self.paths]
        try:
            return runpy.run_path(str(self._find(self.board)))
        except (ImportError, SyntaxError, NameError) as error:
            raise SelectionError(f"board {self.board} cannot be read: {error!r}") from None
        finally:
            sys.path[:] = before

    def _uses(self) -> list[tuple[str, str]]:
        """(name, "module:Class") of each component that the board declares, and of what reads its identity."""
        identity = self.declaration.get("IDENTITY")
        try:
            named = [(name, str(entry["use"])) for name, entry in self.entries]
            return named + [("IDENTITY", str(identity))] if identity else named
        except (KeyError, TypeError) as error:
            raise SelectionError(f"board {self.board}: its COMPONENTS cannot be read: {error!r}") from None

    @property
    def entries(self) -> list[tuple[str, dict[str, Any]]]:
        """(full name, entry) of each component, those in scopes too: "1/bms"."""
        found: list[tuple[str, dict[str, Any]]] = []
        for entry in self.declaration["COMPONENTS"]:
            scope = f"{entry['scope']}/" if "scope" in entry else ""
            found += [(scope + one["name"], one) for one in (entry["components"] if scope else (entry,))]
        return found

    def _root(self, name: str, owner: str) -> None:
        self._owner = owner
        self._add(name, "the board")

    def _add(self, name: str, importer: str) -> None:
        """Take a module, the packages that it is in, and all that it imports."""
        parent = name.rpartition(".")[0]
        if parent and self._find(parent):  # a folder without __init__.py is a package as well
            self._add(parent, importer)
        if name in self.modules or name == _GENERATED:
            return
        source = self._find(name)
        if source is None:
            raise SelectionError(
                f"board {self.board}: {importer} imports {name}: there is no such module in MicroPython, in this tree "
                f"or in the folders of MICROPYPATH"
            )
        tree = parse(source)
        if not self._runs(source):
            raise SelectionError(f"board {self.board}: {importer} imports {name}: its machine code cannot be run there")
        package = source.name == "__init__.py"
        path = name.replace(".", "/") + ("/__init__.py" if package else ".py")
        self.modules[name] = Module(name, path, source, self._owner_for(name))
        self._follow(tree, name if package else parent, name)

    def _owner_for(self, name: str) -> str:
        """A helper belongs to who brought it if they share a room: drivers.can.slcan_lines to drivers.can.slcan."""
        if name in ("components", "drivers", "boards"):
            return "main"
        declared = self._declared_by(name)
        if declared:
            return declared
        own = owner_of(name)
        return self._owner if own.partition(".")[0] == self._owner.partition(".")[0] else own

    def _declared_by(self, name: str) -> str:
        """The component that the board names and that a module is, or is in: the innermost of them; "": none."""
        while name and name not in self._declared:
            name = name.rpartition(".")[0]
        return name

    def _follow(self, tree: ast.AST, package: str, importer: str) -> None:
        for statement in self._imports(tree, package):
            name = self._meant(statement)
            if name.partition(".")[0] not in DEVICE_MODULES:
                self._add(name, importer)
                if name == statement.names[-1]:
                    self._ask(name, statement.names[0].rpartition(".")[2])

    def _ask(self, name: str, what: str) -> None:
        """Take what a package imports for a name of it."""
        source = self._find(name)
        if source is not None:
            for statement in imports_for(what, parse(source), name):
                self._add(self._meant(statement), name)

    def _meant(self, statement: Import) -> str:
        """The module that an import statement names; of ``from package import what`` it may be either."""
        whole, base = statement.names[0], statement.names[-1]
        if whole == base or base.partition(".")[0] in DEVICE_MODULES or self._find(whole):
            return whole
        source = self._find(base)
        what = whole.rpartition(".")[2]
        if source is None:
            return whole
        if source.name == "__init__.py" and not binds(parse(source), what):
            return whole  # neither a module of the package nor a name in it
        return base

    def _imports(self, node: ast.AST, package: str) -> Iterator[Import]:
        """The import statements below a node that will be carried out."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                yield from import_names(child, package)
            elif isinstance(child, ast.Try) and catches_import_error(child):
                ours, other = self._branches(child, package)
                yield from ours or other
                for rest in (*child.orelse, *child.finalbody):
                    yield from self._imports(ast.Module([rest], []), package)
            elif isinstance(child, (ast.stmt, ast.excepthandler)) and not is_on_demand(child, node):
                yield from self._imports(child, package)

    def _branches(self, node: ast.Try, package: str) -> tuple[list[Import], list[Import]]:
        """Of an optional import (what is taken, what is left): the handlers stay where the port decides."""
        tried = list(self._imports(ast.Module(list(node.body), []), package))
        instead = [i for handler in node.handlers for i in self._imports(handler, package)]
        if not all(self._exists(self._meant(statement)) for statement in tried):
            return instead, []
        if any(statement.names[-1].partition(".")[0] in DEVICE_MODULES for statement in tried):
            return tried + instead, []
        return tried, instead

    def _exists(self, name: str) -> bool:
        """Whether a module will be there on the device."""
        if name == _GENERATED or name.partition(".")[0] in DEVICE_MODULES:
            return True
        return (source := self._find(name)) is not None and self._runs(source)

    def _runs(self, source: Path) -> bool:
        """Whether the target can run a module: ours are tested to do the same without machine code."""
        return self.native or source.is_relative_to(ROOT) or not has_machine_code(parse(source))

    def _find(self, name: str) -> Path | None:
        return find(name, self.paths)
