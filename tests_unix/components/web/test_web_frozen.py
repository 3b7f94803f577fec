"""A board that does not declare the web server pays nothing for it."""

import pytest

from tools.selection import Selection


def parts_of_it(board):
    return [path for path, _ in Selection(board).files if path.startswith(("components/web/", "uhttpd/"))]


@pytest.mark.parametrize("board", ["qemu_arm", "qemu_arm_core"])
def test_a_board_without_it_has_nothing_of_it(board):
    assert parts_of_it(board) == []


def test_a_board_with_it_has_the_page_too():
    found = parts_of_it("rivot_esp32s3")
    assert {"components/web/__init__.py", "components/web/page/packed.py", "uhttpd/pool.py"} <= set(found)
    assert not [path for path in found if path.endswith((".js", ".css", ".html", ".json"))]
