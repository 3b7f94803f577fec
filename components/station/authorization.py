"""Who may charge: what is known here of an idTag, the Authorization Cache (OCPP 1.6, section 3.5), and what the central
system says of it.
"""

from micropython import const

from core.signals import Signal
from core.text import is_ascii

_CACHE = const("ocpp/a/")  # + idTag in capitals: [status, expiry as UTC in ms or 0, parentIdTag]
_CLEARED_AT_ONCE = const(100)  # idTags that a record of the journal holds with room to spare
ACCEPTED, EXPIRED, INVALID = "Accepted", "Expired", "Invalid"

# Codes in words: of what became of an idTag, and why. All constant: a frozen table takes no RAM.
_WORDS = const(
    (
        ("no_tag", "an idTag has 1 to %d printable ASCII characters"),
        ("checking", "being checked"),
        ("accepted", "accepted"),
        ("started", "accepted"),
        ("refused", "refused"),
        ("taken_back", "taken back"),
        ("given_up", "given up"),
        ("ended", "transaction ended"),
        ("unlocked", "the cable is unlocked"),
    )
)
_REASONS = const(
    (
        ("checking", "idTag %s is being checked"),
        ("waiting", "idTag %s is authorized and waits for the plug"),
        ("no_outlet", "there is no outlet %s"),
        ("other_tag", "a transaction of another idTag runs, which has no parentIdTag"),
        ("unauthorized", "its status is %s"),
        ("running", "a transaction runs"),
        ("stuck", "the end of the last transaction cannot be journaled"),
        ("restarting", "a restart is requested"),
        ("out_of_service", "the connector is out of service"),
        ("faulted", "the connector is faulted: %s"),
        ("reserved", "the connector is reserved"),
        ("journal", "no transaction without a journal: %s"),
        ("timeout", "nothing was plugged in within ConnectionTimeOut"),
        ("emergency_stop", "emergency stop"),
    )
)


def reason_words(why):
    """A reason, (code, detail) or (), in words."""
    for code, text in _REASONS:
        if why and code == why[0]:
            return text % why[1] if "%" in text else text
    return ""


def result_words(result, tag_max):
    """A result of `Authorization.tell` in words."""
    for code, text in _WORDS:
        if code == result[1]:
            why, text = reason_words(result[2:4]), text % tag_max if "%" in text else text
            return text + ": " + why if why else text
    return ""


def same_tag(a, b):
    """idTags are case-insensitive (CiString20Type)."""
    return a is not None and b is not None and a.upper() == b.upper()


class Authorization:
    """Decides about idTags.

    The cache keeps at most `cache_size` idTags; of these it forgets the one that was not used for the longest time.
    ``card`` (Signal): the last result of `tell`, None before the first.

    A verdict is the central system's answer for an idTag: (status, UTC in ms at which it expires or 0, its parentIdTag
    or None). The dialect requests what `asked` names and hands in the verdict: `answered`, or `unanswered`.
    """

    def __init__(self, station, cache_size):
        self._station = station
        self._store = station.store
        self._cache_size = cache_size
        self._tags = []  # what is in the cache, the least recently used first
        # (tag, done, place) that an Authorize is to be sent for, oldest first: one for each place
        self._waiting = ()  # type: tuple
        self._list = None
        self.card = Signal(None, station.clock)

    same_tag = staticmethod(same_tag)
    reason_words = staticmethod(reason_words)

    def is_tag(self, value):
        """May this be an idTag or a parentIdTag, wherever it comes from: printable ASCII, not empty, not too long?"""
        return isinstance(value, str) and 0 < len(value) <= self._station.tag_max and is_ascii(value.encode())

    def add_list(self, listed):
        """Have a list asked before the cache: ``listed.find(tag)`` is (status, parent) or None; ``listed.told(tag, own,
        status)`` is called for each status that the central system sends for a tag of it, and of the list's own.
        """
        self._list = listed

    def start(self):
        self._tags = [key[len(_CACHE) :] for key in self._store.keys(_CACHE)]

    # --- deciding -----------------------------------------------------------------------------------------------

    def check(self, tag, done, place):
        """Have ``done(status, parent)`` called with the AuthorizationStatus of `tag`, at once or when it is known.

        `place`: the connector that it is for, 0: it is not known which. Returns False if another idTag is being checked
        for that one.
        """
        if self.busy(place):
            return False
        if not self._station.online():
            done(*self._offline(tag))
            return True
        if self._station.configuration["LocalPreAuthorize"]:
            known = self._find(tag)
            if known is not None and known[0] == ACCEPTED:
                done(*known)
                return True
        self._waiting += ((tag, done, place),)
        return True

    def busy(self, place):
        """Another idTag is being checked for this place: (reason, detail), or ()."""
        for tag, _, busy in self._waiting:
            if busy == place:
                return ("checking", tag)
        return ()

    def tell(self, outcome, tag, why=(), outlet=1):
        """Set `card`: an idTag has come to something. A front end that fails on it ends nothing.

        (number, outcome, reason, detail, idTag, outlet): the number differs from that of the result before; `why` is
        (reason, detail) or (). The codes are those of _WORDS and _REASONS.
        """
        try:
            last, (reason, detail) = self.card.value, why or ("", "")
            result = (last[0] + 1 if last else 1, outcome, reason, detail, tag, outlet)
        except MemoryError:
            result = None  # better than an old one
        try:
            self.card.set(result)
        except Exception as e:
            try:
                self._station.log.rare("a watcher of idTag results has failed: %r", e)
            except MemoryError:
                pass  # the caller that presented it continues
        return self.card.value

    def _find(self, tag):
        """(status, parent) of a tag that is known here, or None; section 3.5.3: a list goes before the cache."""
        return self._listed(tag) or self.cached(tag)

    def _offline(self, tag):
        """The decision without the central system (section 3.5); who is known as refused is never "unknown"."""
        known = self._find(tag)
        if known is not None and (known[0] != ACCEPTED or self._station.configuration["LocalAuthorizeOffline"]):
            return known
        if self._station.configuration["AllowOfflineTxForUnknownId"]:
            return ACCEPTED, None
        return INVALID, None

    def asked(self):
        """The idTag to be authorized by the central system, the oldest that waits, or None."""
        if not self._waiting:
            return None
        if not self._station.online():
            self.unanswered()
            return None
        return self._waiting[0][0]

    def answered(self, verdict):
        """The central system's answer for the idTag that was `asked`; None: it gives none."""
        tag, done = self._first()
        if verdict is None:
            done(INVALID, None)
        else:
            self.learn(tag, verdict)
            done(verdict[0], verdict[2])

    def unanswered(self):
        """The central system is not there any more: decide without it."""
        tag, done = self._first()
        done(*self._offline(tag))

    def _first(self):
        """(tag, done) of the oldest that waits, which does so no longer."""
        (tag, done, _), self._waiting = self._waiting[0], self._waiting[1:]
        return tag, done

    def step(self):
        """Without a connection nothing is requested: decide what waits."""
        while self._waiting and not self._station.online():
            self.unanswered()

    # --- the cache ----------------------------------------------------------------------------------------------

    def cached(self, tag):
        """(status, parent) of a cached tag, or None."""
        name = tag.upper()
        if not self._station.configuration["AuthorizationCacheEnabled"] or name not in self._tags:
            return None
        try:
            entry = self._store.get(_CACHE + name)
        except self._store.Error as e:
            self._station.log.rare("the Authorization Cache cannot be read: %s", str(e))
            return None
        if entry is None:
            return None
        status, expiry_ms, parent = entry
        self._tags.remove(name)
        self._tags.append(name)
        if expiry_ms and status == ACCEPTED:
            utc_ms = self._station.clock.utc_ms()
            if utc_ms is None or utc_ms >= expiry_ms:
                status = EXPIRED
        return status, parent

    def learn(self, tag, verdict):
        """Take the central system's verdict into the cache."""
        listed = self._listed(tag)
        if listed is not None:  # section 3.5.3: what is in a list is not cached
            self._list.told(tag, listed[0], verdict[0])  # type: ignore[union-attr]  # it has just been looked up
        elif self._station.configuration["AuthorizationCacheEnabled"]:
            self._remember(tag.upper(), list(verdict))

    def _listed(self, tag):
        """(status, parent) of a tag in a list, or None."""
        return None if self._list is None else self._list.find(tag)

    def _remember(self, name, entry):
        """Journal what was received of an idTag. If that fails, what the cache has of it is out of date: not used."""
        others = [tag for tag in self._tags if tag != name]
        try:
            changes = {}
            if name not in self._tags or self._store.get(_CACHE + name) != entry:
                changes[_CACHE + name] = entry
            over = len(others) >= self._cache_size
            if over:
                changes[_CACHE + others[0]] = None
            tags = others[over:] + [name]
            self._store.commit(changes)
            self._tags = tags
        except (self._store.Error, MemoryError) as e:
            self._tags = others
            self._station.log.rare("idTag not cached: %s", str(e))

    def clear(self):
        """ClearCache: returns its status. Raises the store's Error."""
        if not self._station.configuration["AuthorizationCacheEnabled"]:
            return "Rejected"
        while self._tags:
            some = self._tags[-_CLEARED_AT_ONCE:]
            self._store.commit({_CACHE + name: None for name in some})
            del self._tags[-_CLEARED_AT_ONCE:]
        return "Accepted"
