"""What the docstring of components/station names as its contract is there."""

import ast
import re
from pathlib import Path

COMPONENTS = Path(__file__).parents[2] / "components"
OF_PYTHON = {"len"}


def test_every_name_of_the_station_s_contract_is_there():
    """A renamed method would stay in what others build on."""
    package = COMPONENTS / "station"
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    named = set(re.findall(r"`([a-z_]\w+)[`(]", text[text.index("The contract:") :])) - OF_PYTHON
    sources = "\n".join(path.read_text() for path in package.glob("*.py"))
    assert {"outlets", "asked", "limit_ma", "next_aligned", "on_demand"} <= named and len(named) > 40
    ways = r"def {0}\(|class {0}\b|self\.{0}\b[^=\n(]* = |^    {0}\b.* = "
    assert not {name for name in named if not re.search(ways.format(name), sources, re.M)}
