"""What the charging profiles that are installed permit, from moment to moment."""

from micropython import const

from ..authorization import same_tag
from .engine import Limits, capped_ma, limits_at
from .installed import Installed
from .profile import TX

_LOOK_MS = const(3600000)  # so long at most until all is looked at again


class Active:
    """The installed profiles of `charging`, the SmartCharging, and their ``limits``: the `Limits` that hold now.

    ``staged``: (idTag, Profile, or None once it is used) of a RemoteStartTransaction.
    """

    modules = ()  # what is kept as long as it is
    staged = ()  # type: tuple
    _planned = ()  # the profiles, once the transaction that begins is journaled
    _due_ms = 0  # uptime at which it is to be judged again
    _settings = 0  # how often the time had been set when it was

    def __init__(self, charging):
        self._charging = charging
        self._clock = charging.clock
        self._charger = charging.charger
        self._transactions = charging.ocpp.transactions
        self._stamps = charging.ocpp.stamps
        self.installed = Installed(charging.store, charging.log, charging.max_profiles)
        self.limits = Limits()

    def load(self):
        """Read the journal."""
        self.installed.load(self._number())
        self.judge()

    @property
    def profiles(self):
        return self.installed.profiles

    def room(self):
        """How many may be installed now: one that waits for its transaction has its place."""
        return self._charging.max_profiles - (1 if self.staged and self.staged[1] is not None else 0)

    # --- for the composite schedule --------------------------------------------------------------------------------

    def voltage_mv(self):
        """The voltage at which power becomes current: above 0."""
        charger = self._charger
        return charger.terminal_voltage_mv.value or charger.wanted_voltage_mv.value or charger.max_voltage_mv

    @property
    def most_ma(self):
        """What the charger can deliver."""
        return self._charger.max_current_ma

    def moment(self):
        """``(now, start of charging or None, is now UTC?)``: in ms, see `engine`.

        Without a transaction: as if one began now.
        """
        utc_ms, up_ms = self._clock.utc_ms(), self._clock.uptime_ms()
        now = up_ms if utc_ms is None else utc_ms
        current, charging = self._transactions.current, self._charging
        if current is None:
            return now, now, utc_ms is not None
        if charging.origin_ms is None and utc_ms is not None:  # it began before a restart
            charging.origin_ms = up_ms - max(0, utc_ms - self._stamps.utc_of(current.started))
        origin = None if charging.origin_ms is None else charging.origin_ms + now - up_ms
        return now, origin, utc_ms is not None

    def limits_from(self, moment):
        """A function of a later moment that gives its Limits, as all is now."""
        profiles, number, (_, origin, known) = self.profiles, self._number(), moment
        return lambda at: limits_at(profiles, number, at, origin, known)

    def _number(self):
        current = self._transactions.current
        return None if current is None else current.number

    # --- with a transaction ---------------------------------------------------------------------------------------

    def starting(self, transaction, changes):
        """A transaction is about to be journaled: so is the profile that came with its remote start."""
        self._planned = ()
        if self.staged and same_tag(self.staged[0], transaction.id_tag):
            profile = self.staged[1]
            profile.number = transaction.number
            most = self._charging.max_profiles + 1  # its place was kept
            self._planned, journaled = self.installed.plan(profile, most)
            changes.update(journaled)

    def begun(self):
        """It is journaled."""
        if self._planned:
            self.installed.adopt(self._planned)
        self.staged = self._planned = ()
        self.judge()

    def ended(self):
        self.installed.discard(lambda profile: profile.purpose == TX)
        self.judge()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def step(self):
        """Returns whether there is still a profile."""
        if self._clock.uptime_ms() >= self._due_ms or self._settings != self._stamps.settings:
            self.judge()
        else:
            self._apply()
        if self.staged and not (self._transactions.expects_plug() or self._charging.ocpp.authorization.busy()):
            self._charging.log.info("the charging profile of a remote start is given up with it")
            self.staged = ()
        return bool(self.profiles or self.staged)

    def judge(self):
        """Find what is permitted now, and when that changes."""
        self._settings = self._stamps.settings
        moment = self.moment()
        now, origin, known = moment
        if known:
            self.installed.discard(lambda profile: profile.is_over(now))
        before, self.limits = self.limits, limits_at(self.profiles, self._number(), now, origin, known)
        until = self.limits.until
        self._due_ms = self._clock.uptime_ms() + (_LOOK_MS if until is None else min(until - now, _LOOK_MS))
        self._apply()
        words = self.limits.words()
        if before.words() != words:
            self._charging.log.info("limit: %s", words or "no limit")

    def _apply(self):
        """Let the limit follow. Allocates nothing as long as it stays the same."""
        transactions = self._transactions
        ma = capped_ma(self.limits, self._charger.max_current_ma, self.voltage_mv())
        if ma != transactions.limit_ma:
            transactions.limit_ma = ma
            transactions.apply_limit()
