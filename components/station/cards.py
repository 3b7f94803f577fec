"""The card reader: one for all outlets, so here it is decided which of them a card is for.

What becomes of a card that is presented, in this order:

1. It ends the transaction that was started with it (of several the oldest).
2. It takes itself back while it waits for a plug, or unlocks the cable that is kept for it.
3. Once it is authorized, it starts a transaction at the outlet where a vehicle is plugged in and waits,
4. or it ends the transaction of its group, which has the same parentIdTag; not if several of these run,
5. or it waits for a plug: at the outlet that alone can take it, else as ``station.card``, for the one that is plugged
   in next.

So a card of a fleet that has one parentIdTag does not end a colleague's transaction where its own vehicle waits. One
card is checked at a time, beside the remote starts, and one waits.
"""

from .authorization import ACCEPTED, same_tag


def present(station, tag):
    """A card reader, or the like, has read `tag`. Returns what becomes of it, see `Authorization.tell`."""
    tag, tell = tag.strip(), station.authorization.tell
    if not station.authorization.is_tag(tag):
        return tell("no_tag", tag, (), 0)
    for current in _running(station):
        if same_tag(tag, current.id_tag):
            return _stop(station, current, tag)
    if station.card and same_tag(tag, station.card[0]):
        station.card = ()
        return tell("taken_back", tag, (), 0)
    for outlet in station.outlets:
        if outlet.transactions.take_back(tag):
            return tell("taken_back", tag, (), outlet.id)
        if outlet.transactions.lock.release(tag):
            return tell("unlocked", tag, (), outlet.id)
    return _check(station, tag)


def start(station, tag, number):
    """A transaction is requested at outlet `number`; it ends none. Returns what becomes of it."""
    tag, outlet, tell = tag.strip(), station.outlet(number), station.authorization.tell
    if not station.authorization.is_tag(tag):
        return tell("no_tag", tag, (), 0)
    if outlet is None:
        return tell("refused", tag, ("no_outlet", str(number)), 0)
    why = outlet.transactions.obstacle(tag)
    if why:
        return tell("refused", tag, why, number)
    before = station.authorization.card.value
    station.authorization.check(tag, lambda *answer: outlet.transactions.authorized(tag, *answer), number)
    result = station.authorization.card.value
    return tell("checking", tag, (), number) if result is before else result


def _running(station):
    """The transactions that charge, the oldest first."""
    running = [one.transactions.current for one in station.outlets if one.transactions.charges()]
    running.sort(key=lambda current: current.number)
    return running


def _stop(station, current, tag):
    current.outlet.transactions.stop("Local", tag)
    return station.authorization.tell("ended", tag, (), current.outlet.id)


def _check(station, tag):
    """The result of what is decided at once, or that it is being decided."""
    authorization = station.authorization
    place = 0 if len(station.outlets) > 1 else 1  # the outlet of a card is not known yet
    busy = authorization.busy(place) or (("waiting", station.card[0]) if station.card else ())
    why = busy or _obstacle(station, tag)
    running = _running(station)
    groups = [current for current in running if current.parent is not None]
    starts = not why
    if why and running:  # it may end one of these, if any
        why = busy if groups else ("other_tag", "")
    if why:
        return authorization.tell("refused", tag, why, place)
    before = authorization.card.value
    authorization.check(tag, lambda status, parent: _checked(station, tag, status, parent, groups, starts), place)
    result = authorization.card.value
    return authorization.tell("checking", tag, (), place) if result is before else result


def _obstacle(station, tag):
    """Why no outlet can start a transaction, as the first one has it; or ()."""
    first = ()
    for outlet in station.outlets:
        why = outlet.transactions.obstacle(tag)
        if not why:
            return ()
        first = first or why
    return first


def _checked(station, tag, status, parent, groups, starts):
    """`groups`: the transactions with a parentIdTag that ran when it was presented; not `starts`: it could start none
    then, so it starts none now.
    """
    outlet, waits = choose(station, tag, parent)
    if status == ACCEPTED and not (starts and waits):
        members = [one for one in _running(station) if one in groups and same_tag(parent, one.parent)]
        if len(members) == 1:
            return _stop(station, members[0], tag)
    if not starts:
        why = ("other_tag", "") if status == ACCEPTED else ("unauthorized", status)
        station.authorization.tell("refused", tag, why, 0 if len(station.outlets) > 1 else 1)
        station.log.warning("idTag %s may not end this transaction (%s)", tag, status)
    elif status != ACCEPTED or outlet is not None:
        (outlet or station.outlets[0]).transactions.authorized(tag, status, parent)
    else:
        until_ms = station.clock.uptime_ms() + station.configuration["ConnectionTimeOut"] * 1000
        station.card = (tag, parent, until_ms)
        station.log.info("idTag %s is authorized, for the connector that is plugged in next", tag)
        station.authorization.tell("accepted", tag, (), 0)


def choose(station, tag, parent):
    """(outlet, whether a vehicle waits there) for an authorized idTag; None: there are several.

    The first outlet where none can take it: its reason counts.
    """
    able = [outlet for outlet in station.outlets if outlet.transactions.takes(tag, parent)]
    for outlet in able:
        if outlet.evse.gate.plugged.value and not outlet.transactions.finished:
            return outlet, True
    if len(able) > 1:
        return None, False
    return able[0] if able else station.outlets[0], False
