"""What the charging profiles that are installed permit, from moment to moment."""

from micropython import const

from .engine import Limits, capped_ma, limits_at, sooner
from .installed import Installed
from .profile import MAX, TX

_LOOK_MS = const(3600000)  # so long at most until all is looked at again


class Active:
    """The installed profiles of `charging`, the SmartCharging, and what they permit now: ``limits``, the `Limits` of
    each outlet, and ``station``, those of all together where there are several: those of a single one hold what
    limits the station, too.

    ``staged``, of each outlet: (idTag, Profile, or None once it is used) of a remote start, or ().
    """

    modules = ()  # what is kept as long as it is
    _planned = ()  # the profiles, once the transaction that begins is journaled
    _due_ms = 0  # uptime at which it is to be judged again
    _settings = 0  # how often the time had been set when it was
    _budget_ma = None  # what the budget was given

    def __init__(self, charging):
        self._charging = charging
        self.shared = charging.budget is not None  # does that share out what the outlets have together?
        self._clock = charging.clock
        self._outlets = charging.station.outlets
        self._stamps = charging.station.stamps
        self._authorization = charging.station.authorization
        self.installed = Installed(charging.store, charging.log, charging.max_profiles)
        self.limits = [Limits() for _ in self._outlets]
        self.staged = [()] * len(self._outlets)  # type: list[tuple]
        self.station = self._share = Limits()  # each outlet has so much of what the station has

    def load(self):
        """Read the journal."""
        self.installed.load([number_of(outlet) for outlet in self._outlets])
        self.judge()

    @property
    def profiles(self):
        return self.installed.profiles

    def room(self):
        """How many may be installed now: one that waits for its transaction has its place."""
        return self._charging.max_profiles - sum([1 for one in self.staged if one and one[1] is not None])

    def profiles_of(self, outlet):
        """Those that limit an outlet by itself; of a station with one outlet: all."""
        if len(self._outlets) == 1:
            return self.profiles
        return [one for one in self.profiles if one.purpose != MAX and one.connector in (0, outlet.id)]

    def station_profiles(self):
        """Those that limit several outlets together."""
        return [one for one in self.profiles if one.purpose == MAX] if len(self._outlets) > 1 else ()

    def moment(self, outlet):
        """``(now, start of charging or None, is now UTC?)``: in ms, see `engine`.

        Without a transaction: as if one began now.
        """
        utc_ms, up_ms = self._clock.utc_ms(), self._clock.uptime_ms()
        now = up_ms if utc_ms is None else utc_ms
        current = outlet.transactions.current
        if current is None:
            return now, now, utc_ms is not None
        if current.began_ms is None and utc_ms is not None:  # it began before a restart
            current.began_ms = up_ms - max(0, utc_ms - self._stamps.utc_of(current.started))
        origin = None if current.began_ms is None else current.began_ms + now - up_ms
        return now, origin, utc_ms is not None

    # --- with a transaction ---------------------------------------------------------------------------------------

    def starting(self, transaction, changes):
        """A transaction is about to be journaled: so is the profile that came with its remote start."""
        self._planned = ()
        staged = self.staged[transaction.outlet.id - 1]
        if staged and self._authorization.same_tag(staged[0], transaction.id_tag):
            profile = staged[1]
            profile.number = transaction.number
            most = self._charging.max_profiles + 1  # its place was kept
            self._planned, journaled = self.installed.plan(profile, most)
            changes.update(journaled)

    def begun(self, transaction):
        """It is journaled."""
        if self._planned:
            self.installed.adopt(self._planned)
        self._planned = self.staged[transaction.outlet.id - 1] = ()
        self.judge()

    def ended(self, transaction):
        number = transaction.number
        self.installed.discard(lambda profile: profile.purpose == TX and profile.number == number)
        self.judge()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def step(self):
        """Returns whether there is still a profile."""
        if self._clock.uptime_ms() >= self._due_ms or self._settings != self._stamps.settings:
            self.judge()
        else:
            self._apply()
        waits = False
        for outlet in self._outlets:
            at = outlet.id - 1
            busy = self._authorization.busy(outlet.id)
            if self.staged[at] and not (outlet.transactions.expects_plug() or busy):
                self._charging.log.info("the charging profile of a remote start is given up with it")
                self.staged[at] = ()
            waits = waits or bool(self.staged[at])
        return bool(self.profiles or waits)

    def judge(self):
        """Find what is permitted now, and when that changes."""
        self._settings = self._stamps.settings
        now, _, known = self.moment(self._outlets[0])
        if known:
            self.installed.discard(lambda profile: profile.is_over(now))
        before = [self.words(outlet) for outlet in self._outlets]
        self.station = station = limits_at(self.station_profiles(), None, now, now, known)
        until = station.until
        for at, outlet in enumerate(self._outlets):
            origin = self.moment(outlet)[1]
            limits = limits_at(self.profiles_of(outlet), number_of(outlet), now, origin, known)
            self.limits[at] = limits
            until = sooner(until, limits.until)
        self._share = Limits() if self.shared else station.part(len(self._outlets))
        self._due_ms = self._clock.uptime_ms() + (_LOOK_MS if until is None else min(until - now, _LOOK_MS))
        self._apply()
        for outlet, words in zip(self._outlets, before):
            if self.words(outlet) != words:
                self._charging.log.info("limit%s: %s", outlet.words(), self.words(outlet) or "no limit")

    def words(self, outlet, whole=False):
        """What limits an outlet, "" if nothing does; `whole`: with what the profiles are."""
        words, station = self.limits[outlet.id - 1].words(whole), self.station.words(whole)
        if station:
            words += (", " if words else "") + station + " of all together"
        return words

    def why(self, outlet):
        """Which profiles limit an outlet, in words."""
        return self.words(outlet, True)

    def _apply(self):
        """Let the limits follow. Allocates nothing as long as they stay the same."""
        self._tell_budget()
        share = self._share
        for outlet in self._outlets:
            transactions, mv = outlet.transactions, voltage_mv(outlet)
            ma = capped_ma(self.limits[outlet.id - 1], outlet.evse.module.max_current_ma, mv)
            ma = capped_ma(share, ma, mv)
            if ma != transactions.limit_ma:
                transactions.limit_ma = ma
                transactions.apply_limit()

    def _tell_budget(self):
        budget = self._charging.budget
        if not self.shared:
            return
        ma, station = None, self.station
        if station.amps is not None or station.watts is not None:
            ma = capped_ma(station, *bounds(self._outlets))
        if ma == self._budget_ma:
            return
        self._budget_ma = ma
        try:
            budget.limit("ocpp", ma)
        except ValueError as e:
            self._charging.log.error("the budget takes no limit of ours, equal parts hold: %s", str(e))
            self._share = station.part(len(self._outlets))
            self.shared = False


def number_of(outlet):
    """Our own number of the transaction that runs there, or None."""
    current = outlet.transactions.current
    return None if current is None else current.number


def voltage_mv(outlet):
    """The voltage at which power becomes current there: above 0."""
    module = outlet.evse.module
    return module.terminal_voltage_mv.value or module.setpoint_mv.value or module.max_voltage_mv


def bounds(outlets):
    """(mA, mV) of several outlets together: what they can deliver, and the highest voltage of any."""
    ma = mv = 0
    for outlet in outlets:
        ma += outlet.evse.module.max_current_ma
        mv = max(mv, voltage_mv(outlet))
    return ma, mv
