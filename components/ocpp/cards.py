"""The card reader: one for all outlets, so here it is decided which of them a card is for."""

from .authorization import ACCEPTED, is_tag, reason_words, same_tag


class Cards:
    """What becomes of a card that is presented, in this order:

    1. It ends the transaction that was started with it (of several the oldest).
    2. It takes itself back while it waits for a plug, or unlocks the cable that is kept for it.
    3. Once it is authorized, it starts a transaction at the outlet where a vehicle is plugged in and waits,
    4. or it ends the transaction of its group, which has the same parentIdTag; not if several of these run,
    5. or it waits for a plug: at the outlet that alone can take it, else here, for the one that is plugged in next.

    So a card of a fleet that has one parentIdTag does not end a colleague's transaction where its own vehicle waits.
    One card is checked at a time, beside the remote starts, and one waits here.
    """

    def __init__(self, services):
        self._tag = ()  # type: tuple  # as in `Transactions`
        self._emergency = False
        self._services = services
        services.emergency_stop.watch(self._on_emergency)

    def _on_emergency(self, pressed):
        if pressed:
            self._emergency = True  # kept until the next step, however short it was

    def present(self, tag):
        """A card reader, or the like, has read `tag`. Returns what becomes of it, see `Authorization.tell`."""
        services = self._services
        tag, tell = tag.strip(), services.authorization.tell
        if not is_tag(tag):
            return tell("no_tag", tag, (), 0)
        for current in self._running():
            if same_tag(tag, current.id_tag):
                current.outlet.transactions.stop("Local", tag)
                return tell("ended", tag, (), current.outlet.id)
        if self._tag and same_tag(tag, self._tag[0]):
            self._tag = ()
            return tell("taken_back", tag, (), 0)
        for outlet in services.outlets:
            if outlet.transactions.take_back(tag):
                return tell("taken_back", tag, (), outlet.id)
            if outlet.transactions.lock.release(tag):
                return tell("unlocked", tag, (), outlet.id)
        return self._check(tag)

    def start(self, tag, number):
        """Somebody asks for a transaction at outlet `number`; it ends none. Returns what becomes of it."""
        services = self._services
        tag, outlet, tell = tag.strip(), services.outlet(number), services.authorization.tell
        if not is_tag(tag):
            return tell("no_tag", tag, (), 0)
        if outlet is None:
            return tell("refused", tag, ("no_outlet", str(number)), 0)
        why = outlet.transactions.obstacle(tag)
        if why:
            return tell("refused", tag, why, number)
        before = services.authorization.card.value
        services.authorization.check(tag, lambda *answer: outlet.transactions.authorized(tag, *answer), number)
        result = services.authorization.card.value
        return tell("checking", tag, (), number) if result is before else result

    def waits(self):
        """Does a card wait here for a plug?"""
        return bool(self._tag)

    def _running(self):
        """The transactions that charge, the oldest first."""
        running = [one.transactions.current for one in self._services.outlets if one.transactions.charges()]
        running.sort(key=lambda current: current.number)
        return running

    def _place(self):
        """The only outlet's number, or 0: any."""
        return 0 if self._services.several else 1

    def _check(self, tag):
        """The result of what is decided at once, or that it is being decided."""
        authorization, place = self._services.authorization, self._place()
        busy = authorization.busy(place) or (("waiting", self._tag[0]) if self._tag else ())
        why = busy or self._obstacle(tag)
        running = self._running()
        groups = [current for current in running if current.parent is not None]
        starts = not why
        if why and running:  # it may end one of these, if any
            why = busy if groups else ("other_tag", "")
        if why:
            return authorization.tell("refused", tag, why, place)
        before = authorization.card.value
        authorization.check(tag, lambda status, parent: self._checked(tag, status, parent, groups, starts), place)
        result = authorization.card.value
        return authorization.tell("checking", tag, (), place) if result is before else result

    def _obstacle(self, tag):
        """Why no outlet can start a transaction, as the first one has it; or ()."""
        first = ()
        for outlet in self._services.outlets:
            why = outlet.transactions.obstacle(tag)
            if not why:
                return ()
            first = first or why
        return first

    def _checked(self, tag, status, parent, groups, starts):
        """`groups`: the transactions with a parentIdTag that ran when it was presented; not `starts`: it could start
        none then, so it starts none now.
        """
        services = self._services
        outlet, waits = self._choose(tag, parent)
        if status == ACCEPTED and not (starts and waits):
            members = [one for one in self._running() if one in groups and same_tag(parent, one.parent)]
            if len(members) == 1:
                members[0].outlet.transactions.stop("Local", tag)
                services.authorization.tell("ended", tag, (), members[0].outlet.id)
                return
        if not starts:
            why = ("other_tag", "") if status == ACCEPTED else ("unauthorized", status)
            services.authorization.tell("refused", tag, why, self._place())
            services.log.warning("idTag %s may not end this transaction (%s)", tag, status)
        elif status != ACCEPTED or outlet is not None:
            (outlet or services.outlets[0]).transactions.authorized(tag, status, parent)
        else:
            until_ms = services.clock.uptime_ms() + services.configuration["ConnectionTimeOut"] * 1000
            self._tag = (tag, parent, until_ms)
            services.log.info("idTag %s is authorized, for the connector that is plugged in next", tag)
            services.authorization.tell("accepted", tag, (), 0)

    def _choose(self, tag, parent):
        """(outlet, whether a vehicle waits there) for an authorized idTag; None: there are several.

        The first outlet where none can take it: that one says why.
        """
        outlets = self._services.outlets
        able = [outlet for outlet in outlets if outlet.transactions.takes(tag, parent)]
        for outlet in able:
            if outlet.evse.gate.plugged.value and not outlet.transactions.finished:
                return outlet, True
        if len(able) > 1:
            return None, False
        return able[0] if able else outlets[0], False

    def step(self):
        """As time goes by; before the outlets' own steps."""
        emergency, self._emergency = self._emergency or bool(self._services.emergency_stop.value), False
        if self._tag:
            self._step_waiting(emergency)

    def _step_waiting(self, emergency):
        services = self._services
        tag, parent, until_ms = self._tag
        why = ("timeout", "") if services.clock.uptime_ms() >= until_ms else ()
        if emergency:
            why = ("emergency_stop", "")
        outlet, _ = self._choose(tag, parent)
        if why:
            self._tag = ()
            services.authorization.tell("given_up", tag, why, 0)
            services.log.info("idTag %s: given up: %s", tag, reason_words(why))
        elif outlet is not None:
            self._tag = ()
            outlet.transactions.authorized(tag, ACCEPTED, parent, until_ms)
