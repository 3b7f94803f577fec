"""The flows in components/README.md name files and functions that there are."""

import re
from pathlib import Path

COMPONENTS = Path(__file__).parents[2] / "components"


def hops():
    """[(number, cell)] of the second column of every table."""
    rows = re.findall(r"(?m)^\| (\d+) \| ([^|]+) \|", (COMPONENTS / "README.md").read_text())
    return [(int(number), cell) for number, cell in rows]


def test_every_hop_is_there():
    """A renamed function would leave its hop behind."""
    source, found, folder = "", 0, COMPONENTS
    for _, cell in hops():
        for name in re.findall(r"`([^`]+)`", cell):
            if name.endswith("/"):
                continue
            if name.endswith(".py"):
                # named from components/ or the repository, or beside the file before
                paths = [place / name for place in (COMPONENTS, COMPONENTS.parent, folder)]
                path = next((path for path in paths if path.is_file()), None)
                assert path, f"{cell} names {name}, which is not there"
                source, folder = path.read_text(), path.parent
                continue
            function = name.rpartition(".")[2]
            owner = name.rpartition(".")[0]
            sources = [source] if f"class {owner}" in source or not owner else [
                path.read_text() for path in COMPONENTS.rglob("*.py") if f"class {owner}" in path.read_text()
            ]
            assert any(re.search(rf"(def|class) {function}\b", text) for text in sources), (cell, name)
            found += 1
    assert found > 30


def test_the_hops_of_each_flow_are_counted():
    numbers = [number for number, _ in hops()]
    assert numbers.count(1) == 3
    assert all(after in (before + 1, 1) for before, after in zip(numbers, numbers[1:]))
