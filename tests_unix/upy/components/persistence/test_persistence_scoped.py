"""The store of what is inside a scope: names of its own, in one journal with all others."""

from journals import make, opened

from components.persistence.journal import DOUBTS


async def two(tmp):
    store = await opened(tmp)
    return store, store.scoped("1", True), store.scoped("2", False)


class Rider:
    """Has a value journaled with whatever is committed, as the energy register."""

    def __init__(self, store):
        self.key = store.key("register")
        self.value = 0
        self.told = 0

    def changes(self):
        return self.value, {self.key: self.value} if self.value > self.told else {}

    def saved(self, value):
        self.told = value


async def test_two_scopes_keep_the_same_names_apart(tmp):
    """Fails where two outlets share one register."""
    store, one, two_ = await two(tmp)
    one.put("register", 10)
    two_.put("register", 20)
    two_.commit({"plug": True}, push=(("q", "a"), ("q", "b")))
    one.commit(push=(("q", "c"),))
    assert (one.get("register"), two_.get("register"), one.get("plug", "none")) == (10, 20, "none")
    assert store.keys() == ["1/register", "2/plug", "2/register"] and two_.keys() == ["plug", "register"]
    assert list(two_.queue("q").entries()) == ["a", "b"] and list(one.queue("q").entries()) == ["c"]
    two_.commit(pop=("q",))
    two_.commit(drop=(("q", 0),))
    assert len(two_.queue("q")) == 0 and len(one.queue("q")) == 1
    store.put(one.key("register"), 11)  # in somebody else's commit
    two_.delete("register")
    two_.delete("nothing")
    store, one, two_ = await two(tmp)
    assert one.get("register") == 11 and two_.get("register") is None and two_.keys() == ["plug"]
    assert store.key("register") == "register" and two_.key("register") == "2/register"
    assert one.Error is store.Error and one.fault is store.fault and one.records == store.records


async def test_the_first_scope_reads_what_was_written_without_scopes_until_it_is_set_anew(tmp):
    store = await opened(tmp)
    store.commit({"register": 5000, "unstopped": True, "lock/held": 1, "ocpp": {"a": 1}})
    store, one, two_ = await two(tmp)
    assert one.get("register") == 5000 and two_.get("register") is None and one.keys("lock/") == ["lock/held"]
    assert one.keys() == []  # what is there without a name may be of what is outside
    before = store.records
    one.put("register", 5001)
    assert store.records == before + 1  # the old one went in the same commit
    two_.put("unstopped", False)
    one.delete("lock/held")
    assert store.keys() == ["1/register", "2/unstopped", "ocpp", "unstopped"]
    store, one, two_ = await two(tmp)
    assert one.get("register") == 5001 and one.get("unstopped") is True and two_.get("unstopped") is False
    store.commit({"ocpp": {"a": 2}, one.key("unstopped"): False})  # in somebody else's commit
    assert store.keys() == ["1/register", "1/unstopped", "2/unstopped", "ocpp"] and store.get("ocpp") == {"a": 2}


async def test_each_scope_has_a_value_that_rides_along(tmp):
    """Fails where a store has one such value only: the second outlet's register would take the place of the first's."""
    store = await opened(tmp)
    store.put("register", 100)
    store, one, two_ = await two(tmp)
    riders = [Rider(one), Rider(two_)]
    for rider in riders:
        store.carry(rider)
    riders[0].value, riders[1].value = 150, 250
    store.put("other", 1)
    assert [rider.told for rider in riders] == [150, 250]
    assert store.keys() == ["1/register", "2/register", "other"]
    riders[0].value, riders[1].value = 160, 260
    store.commit({"1/register": 155})  # who sets it himself is not overruled
    assert [rider.told for rider in riders] == [150, 260] and one.get("register") == 155
    store, one, two_ = await two(tmp)
    assert (one.get("register"), two_.get("register")) == (155, 260)


async def test_what_is_vital_is_reported_with_its_scope(tmp):
    store = await opened(tmp)
    one, two_ = store.scoped("1", True), store.scoped("2", False)
    one.vital("register", "the energy register")
    two_.vital("register", "the energy register")
    store.vital("ocpp/tx", "the running transaction")
    words = [store._vital[key] + store._whose(key) for key in sorted(store._vital)]
    assert words == ["the energy register of 1", "the energy register of 2", "the running transaction"]
    assert store.scoped("2", False) is two_
    two_.mark_doubtful("something")
    assert one.doubts == ("something",) and store.get(DOUBTS) and not one.trusted.value


async def scoped(tmp, *names):
    """A started store on a board with these scopes, and what is in each of them."""
    store = make(tmp)
    views = [store.scoped(name, name == names[0]) for name in names]
    await store.start()
    assert store.fault.value == "", list(store.tail.lines)
    return store, views


async def test_what_is_in_the_first_scope_goes_along_to_a_board_without_scopes_and_back(tmp):
    """Fails where a board that loses its second outlet starts with an empty register: what it told is above that, so
    nothing would be billed until it is reached again.
    """
    store = await opened(tmp)
    store.commit({"register": 5000, "unstopped": True})
    store, (one, two_) = await scoped(tmp, "1", "2")
    one.commit({"register": 6000, "lock/held": 1})
    two_.put("register", 70)
    store = await opened(tmp)
    assert (store.get("register"), store.get("lock/held"), store.get("unstopped")) == (6000, 1, True)
    assert store.keys() == ["2/register", "lock/held", "register", "unstopped"]
    records = (await opened(tmp)).records
    assert records == store.records  # moved once
    store.put("register", 6001)
    store, (one, two_) = await scoped(tmp, "1", "2")
    assert (one.get("register"), two_.get("register"), one.get("unstopped")) == (6001, 70, True)
    one.put("register", 6002)
    for _ in range(2):
        store, (left, two_) = await scoped(tmp, "left", "2")  # it has another name now
        assert (left.get("register"), two_.get("register"), left.get("unstopped")) == (6002, 70, True)
        assert store.keys("left/") == ["left/register"] and store.keys("1/") == []


async def test_a_journal_that_cannot_be_moved_is_none(tmp):
    """Nobody charges with an empty register: the fault stays until it is moved."""
    store, (one, _) = await scoped(tmp, "1", "2")
    one.put("register", 6000)
    store = make(tmp)
    failing = [True]
    append = store._append

    def refuse(*args):
        if failing:
            raise MemoryError
        append(*args)

    store._append = refuse
    await store.start()
    assert store.fault.value == "the journal cannot be opened"
    try:
        store.put("register", 1)
        raise AssertionError("taken")
    except store.Error:
        pass
    failing.clear()
    store = await opened(tmp)
    assert store.get("register") == 6000
