"""Two components that keep state in one store under one name are refused when the board is built."""

from core.declare import DeclarationError, read


class Board:
    NAME = "double"
    COMPONENTS = ()


class Store:
    pass


class First:
    requires = ("store",)
    keeps = ("register", "first/")


class Second:
    requires = ("store",)
    keeps = ("other", "first/sub")


class Third:
    requires = ("store",)
    keeps = ("third",)


def entry(name, cls, **more):
    return dict(more, name=name, use="test_keeps:" + cls)


def problem(*components):
    board = Board()
    board.COMPONENTS = components
    try:
        read(board, {})
    except DeclarationError as e:
        return str(e)
    return ""


def test_two_of_one_class_on_one_store_are_refused_by_name():
    text = problem(entry("store", "Store"), entry("charger", "First"), entry("charger_2", "First"))
    assert "board double" in text and "charger and charger_2" in text and "'register'" in text and "store" in text


def test_a_name_below_another_ones_prefix_is_refused():
    text = problem(entry("store", "Store"), entry("a", "First"), entry("b", "Second"))
    assert "a and b" in text and "'first/sub'" in text
    text = problem(entry("store", "Store"), entry("b", "Second"), entry("a", "First"))
    assert "b and a" in text and "'first/'" in text


def test_different_names_or_stores_are_fine():
    assert problem(entry("store", "Store"), entry("a", "First"), entry("c", "Third")) == ""
    assert (
        problem(
            entry("store", "Store"), entry("other", "Store"),
            entry("charger", "First"), entry("charger_2", "First", bind={"store": "other"}),
        )
        == ""
    )  # fmt: skip


def test_two_real_meters_cannot_share_the_register():
    from boards import unix

    class Two:
        NAME = "two"
        SETTINGS = unix.SETTINGS
        COMPONENTS = unix.COMPONENTS + ({"name": "meter_2", "use": "components.meter.terminal:TerminalMeter"},)

    settings = {"ocpp": {"url": "ws://h", "id": "x"}, "can": {"port": "socket://h:1"}}
    try:
        read(Two, settings)
        raise AssertionError("two meters share one register")
    except DeclarationError as e:
        assert "meter and meter_2" in str(e) and "'register'" in str(e)
