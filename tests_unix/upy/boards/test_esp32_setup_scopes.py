"""The prompt that takes settings, on a board with scopes."""

import json

from test_esp32_setup import Board, third_start


class TwoDials(Board):
    """Each in a scope, and a third one outside."""

    COMPONENTS = Board.COMPONENTS + tuple([{"scope": name, "components": Board.COMPONENTS} for name in ("1", "2")])
    SETTINGS = {"ocpp": dict(Board.SETTINGS["ocpp"]), "dials": {}}
    for _name in ("1", "2"):
        SETTINGS["dials"][_name] = {"url": _name + "/dial.url", "current": _name + "/dial.current"}


def test_the_settings_of_scopes_are_shown_set_and_taken_out_by_their_names(tmp):
    settings = {"ocpp": {"url": "ws://all"}, "dials": {"1": {"url": "ws://one", "curent": 9}, "3": {}, "odd": 1}}
    board = TwoDials(tmp, settings)
    third_start(
        board,
        "show\nset dials.2.url ws://two\nset dials.1.current 12\nset dials.2.current 5\nunset dials.odd\n"
        "unset dials.1.curent\nunset dials.1.curent\nset dials.url ws://x\nunset dials.3\nsave\n",
    )
    for line in (
        "dials.1.url = ws://one   (text, 1 to 60 characters; required)",
        "dials.2.url = --   (text, 1 to 60 characters; required)",
        "dials.1.curent is unknown: unset dials.1.curent",
        "dials.3 is unknown: unset dials.3",
        "dials.odd is unknown: unset dials.odd",
        "dials.2.url = ws://two",
        "'current' in section 'dials.2' (component 2/dial, option current): 5 is not within 6..32",
        "dials.1.curent is removed",
        "dials.1.curent is not set; did you mean dials.1.current?",
        "'url' in section 'dials' is unknown, which has the sections dials.1, dials.2",
        "saved; restarting",
    ):
        assert line in board.text, (line, board.text)
    kept = {"ocpp": {"url": "ws://all"}, "dials": {"1": {"url": "ws://one", "current": 12}, "2": {"url": "ws://two"}}}
    assert json.loads(board.read()) == kept


def test_a_scope_that_is_no_section_makes_room_for_one(tmp):
    for wrong in ({"dials": 5}, {"dials": {"1": 5, "2": {"url": "ws://two"}}}):
        board = TwoDials(tmp, dict(wrong, ocpp={"url": "ws://all"}))
        third_start(board, "set dials.1.url ws://one\nset dials.2.url ws://two\nsave\n")
        assert json.loads(board.read())["dials"] == {"1": {"url": "ws://one"}, "2": {"url": "ws://two"}}
