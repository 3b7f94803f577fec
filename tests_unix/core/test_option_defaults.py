"""The default of an option is in its declaration and nowhere else: two of them drift apart."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.selection import ROOT


def declared(cls: ast.ClassDef) -> set[str]:
    """The options of a class, by name."""
    names: set[str] = set()
    for node in cls.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "options":
            for part in ast.walk(node.value):
                if isinstance(part, ast.Dict):
                    names |= {key.value for key in part.keys if isinstance(key, ast.Constant)}
                elif isinstance(part, ast.keyword) and part.arg:
                    names.add(part.arg)
    return names


def defaulted(cls: ast.ClassDef) -> Iterator[str]:
    """The parameters of its constructor that have a default."""
    for node in cls.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = node.args
            plain = arguments.posonlyargs + arguments.args
            yield from [argument.arg for argument in plain[len(plain) - len(arguments.defaults) :]]
            given = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            yield from [argument.arg for argument, default in given if default is not None]


def second_defaults(source: str) -> list[str]:
    """Class and option of each default that a constructor repeats."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [f"{cls.name}.{name}" for cls in classes for name in sorted(declared(cls) & set(defaulted(cls)))]


def test_no_constructor_has_a_default_of_its_own_for_an_option():
    files: list[Path] = [path for room in ("components", "drivers") for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): second_defaults(path.read_text(encoding="utf-8")) for path in files}
    assert {path: names for path, names in found.items() if names} == {}
    assert len(files) > 100


def test_one_that_has_is_found():
    source = 'class Lamp:\n    options = {"pin": (int, 5)}\n    def __init__(self, log, pin=5, *, level=0): pass\n'
    assert second_defaults(source) == ["Lamp.pin"]
    source = source.replace('{"pin": (int, 5)}', "dict(Base.options, level=(int, 3))")
    assert second_defaults(source) == ["Lamp.level"]
