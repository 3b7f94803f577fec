"""Services that a class takes if they are there, and services of which it takes all there are."""

from test_kernel import board, kernel, refused


class Thing:
    pass


class Limiter:
    provides = ("limiter", "page")


class Reader:
    """It has what others may leave out, and all that limits."""

    requires = ("clock",)
    uses = ("thing", "pulse")
    collects = ("limiter", "page")
    options = {"most": (int, 3)}

    def __init__(self, clock, thing, pulse, limiter, page, most):
        self.thing, self.pulse, self.limiter, self.page, self.most = thing, pulse, limiter, page, most


class User:
    uses = ("reader",)

    def __init__(self, reader):
        self.reader = reader


class ReaderOfUser(Reader):
    requires = ("clock", "user")

    def __init__(self, user, **more):
        super().__init__(**more)


class UserLimiter(User):
    provides = ("limiter",)


class NoComma:
    uses = "thing"


class NoNames:
    collects = (("limiter", "page"),)


class ProvidesText:
    provides = "limiter"


class Twice:
    requires = ("thing",)
    uses = ("thing",)


class AnOption:
    collects = ("limiter",)
    options = {"limiter": (int, 5)}


class ProvidesAnOption:
    provides = ("limiter",)
    options = {"limiter": (int, 5)}

    def __init__(self, limiter):
        self.limiter = limiter


class CollectsClock:
    collects = ("clock",)


def entry(name, cls, **more):
    return dict(more, name=name, use="test_services:" + cls)


def test_what_is_used_is_none_where_a_board_leaves_it_out():
    k = kernel(board(entry("reader", "Reader")))
    assert k["reader"].thing is None and k["reader"].most == 3 and k["reader"].pulse is not None
    k = kernel(board(entry("reader", "Reader"), entry("thing", "Thing")))
    assert k["reader"].thing is k["thing"]
    assert [part.name for part in k.parts] == ["thing", "reader"]  # what is used comes before, as what is required


def test_a_used_service_is_bound_to_an_instance_and_that_one_must_be_there():
    bound = entry("reader", "Reader", bind={"thing": "other"})
    k = kernel(board(bound, entry("thing", "Thing"), entry("other", "Thing")))
    assert k["reader"].thing is k["other"] and k["reader"].thing is not k["thing"]
    refused(board(bound, entry("thing", "Thing")), "component reader", "'thing'", "'other'", "missing")
    refused(board(entry("reader", "Reader", bind={"limiter": "x"})), "'limiter'", "neither requires nor uses")


def test_what_is_collected_is_all_there_are_in_the_order_of_the_board():
    k = kernel(board(entry("reader", "Reader")))
    assert k["reader"].limiter == () and k["reader"].page == ()
    entries = entry("b", "Limiter"), entry("reader", "Reader"), entry("limiter", "Thing"), entry("a", "Limiter")
    k = kernel(board(*entries))
    assert k["reader"].limiter == (k["b"], k["limiter"], k["a"])  # by what it provides, or by its name
    assert k["reader"].page == (k["b"], k["a"])
    assert [part.name for part in k.parts] == ["b", "limiter", "a", "reader"]  # built, and started, before


def test_a_cycle_through_what_is_used_or_collected_shows_its_path():
    refused(board(entry("reader", "ReaderOfUser"), entry("user", "User")), "cycle: reader -> user -> reader")
    limiting = board(entry("reader", "Reader"), entry("user", "UserLimiter"))
    refused(limiting, "component reader", "cycle: reader -> user -> reader")
    refused(board(entry("limiter", "Reader")), "component limiter", "cycle: limiter -> limiter")


def test_what_a_class_declares_wrongly_of_them():
    for cls, words in (
        ("NoComma", ("uses is no tuple", "'thing'")),
        ("NoNames", ("collects is no tuple",)),
        ("ProvidesText", ("provides is no tuple", "'limiter'")),
        ("Twice", ("'thing' in uses", "another argument's name")),
        ("AnOption", ("'limiter' in collects", "another argument's name")),
    ):
        refused(board(entry("x", cls)), "component x: test_services:" + cls, *words)
    refused(board(entry("x", "CollectsClock")), "component x", "'clock'", "require it")


def test_what_is_provided_is_no_argument():
    """So it may be called as an option is."""
    k = kernel(board(entry("reader", "Reader"), entry("x", "ProvidesAnOption")))
    assert k["x"].limiter == 5 and k["reader"].limiter == (k["x"],)


def test_an_early_one_uses_what_is_early_and_collects_nothing():
    refused(board(entry("x", "Reader", early=True)), "component x", "early", "collects 'limiter'")
    user = entry("user", "User", early=True)
    assert kernel(board(user))["user"].reader is None
    refused(board(user, entry("reader", "Thing")), "component user", "early", "what it uses, 'reader', is not")
    k = kernel(board(entry("reader", "Thing", early=True), user))
    assert k["user"].reader is k["reader"]
