"""The Smart Charging profile: the central system limits current and power (OCPP 1.6, section 3.13, and 5.4, 5.7, 5.16).

=========  ================================================================
profile    one charging profile: checked, and kept compact
engine     from profiles to the limits of a moment, and to a schedule
installed  the profiles that are there, and their journal
schedule   the answer to GetCompositeSchedule
=========  ================================================================

What the specification leaves to a charge point:

- This charger delivers direct current: a limit in A is the current to the vehicle, a limit in W is divided by the
  voltage measured at the terminals (while that is not known: the voltage that is wanted, and without that the highest
  that the charger may have, which gives the smallest current). ``numberPhases`` says nothing about direct current: 1 to
  3 are taken, and change nothing.
- An Absolute schedule without ``startSchedule`` starts with the charging (7.13), in a ChargePointMaxProfile when it is
  accepted; so does a Relative one there, which has no transaction to be relative to. A Recurring one repeats from its
  ``startSchedule`` on, not before.
- Where no TxProfile has a period in force, TxDefaultProfile limits; where that of connector 1 has none, that of 0.
  Where that of 0 has a higher stack level, both hold until one is cleared: the lower current counts.
- ``minChargingRate`` is told in composite schedules; a limit below it holds all the same: a limit is an upper bound.
- After a power cut, while nobody knows the time: a profile that cannot be judged without it counts with its smallest
  limit. So does a TxProfile or TxDefaultProfile that counts from the start of a transaction that ran before the cut.
"""

from micropython import const

from ..actions import CallError
from ..authorization import same_tag
from . import schemas
from .engine import Limits, capped_ma, limits_at
from .installed import Installed
from .profile import PURPOSES, TX, Refused, parse
from .schedule import Schedules

NAME = "SmartCharging"
KEYS = (
    ("ChargeProfileMaxStackLevel", "int", 0, None, None, "R"),
    ("ChargingScheduleAllowedChargingRateUnit", "str", "Current,Power", None, None, "R"),
    ("ChargingScheduleMaxPeriods", "int", 0, None, None, "R"),
    ("ConnectorSwitch3to1PhaseSupported", "bool", False, None, None, "R"),
    ("MaxChargingProfilesInstalled", "int", 0, None, None, "R"),
)
_LOOK_MS = const(3600000)  # so long at most until all is looked at again


class SmartCharging:
    """Sets ``ocpp.transactions.limit_ma`` by the charging profiles that are installed.

    The profiles are judged when one of them changes, at the next moment at which a period, a validity or a repetition
    begins or ends, with a transaction, and when the time was set; between, a limit in W follows the voltage.

    Options: how many profiles, periods in a schedule, and which stack levels (0 to max_level) are taken.
    """

    requires = ("ocpp", "charger", "clock", "log", "store")
    keeps = ("ocpp/cp/",)
    options = {
        "max_profiles": (int, 10, 1, 50),
        "max_periods": (int, 24, 1, 100),
        "max_level": (int, 8, 0, 100),
    }

    def __init__(self, ocpp, charger, clock, log, store, max_profiles=10, max_periods=24, max_level=8):
        self._charger = charger
        self._clock = clock
        self._log = log
        self._store = store
        self._stamps = ocpp.stamps
        self._transactions = ocpp.transactions
        self._authorization = ocpp.authorization
        self._most = max_profiles
        self._max_level = max_level
        self._max_periods = max_periods
        self._installed = Installed(store, log, max_profiles)
        self._limits = Limits()
        self._due_ms = 0  # uptime at which it is to be judged again
        self._settings = 0  # how often the time had been set when it was
        self._origin_ms = None  # uptime at which the transaction began: below 0 if before a restart
        self._staged = ()  # (idTag, Profile, or None once it is used) of a RemoteStartTransaction
        self._planned = ()  # the profiles, once the transaction that begins is journaled
        self._register(ocpp)

    def _register(self, ocpp):
        schedules = Schedules(self, self._clock, self._max_periods)
        handlers = {
            "ClearChargingProfile": self._clear,
            "GetCompositeSchedule": schedules.answer,
            "SetChargingProfile": self._set,
        }
        ocpp.add_profile(NAME, handlers, schemas, KEYS)
        ocpp.configuration.fix("ChargeProfileMaxStackLevel", self._max_level)
        ocpp.configuration.fix("ChargingScheduleMaxPeriods", self._max_periods)
        ocpp.configuration.fix("MaxChargingProfilesInstalled", self._most)
        ocpp.add_step(self._step)
        ocpp.add_page(self._page)
        ocpp.core.charging_profile = self._prepare
        ocpp.connector.limited_by = self._why
        ocpp.transactions.starting += (self._starting,)
        ocpp.transactions.begun += (self._begun,)
        ocpp.transactions.ended += (self._ended,)

    async def start(self):
        """Read the journal, and limit the transaction that goes on before it does."""
        self._installed.load(self._number())
        self._judge()

    # --- for the composite schedule --------------------------------------------------------------------------------

    @property
    def profiles(self):
        return self._installed.profiles

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
        if self._transactions.current is None:
            return now, now, utc_ms is not None
        if self._origin_ms is None and utc_ms is not None:  # it began before a restart
            began = self._stamps.utc_of(self._transactions.current.started)
            self._origin_ms = up_ms - max(0, utc_ms - began)
        origin = None if self._origin_ms is None else self._origin_ms + now - up_ms
        return now, origin, utc_ms is not None

    def limits_from(self, moment):
        """A function of a later moment that gives its Limits, as all is now."""
        profiles, number, (_, origin, known) = self.profiles, self._number(), moment
        return lambda at: limits_at(profiles, number, at, origin, known)

    def _number(self):
        current = self._transactions.current
        return None if current is None else current.number

    # --- what the central system asks ----------------------------------------------------------------------------

    def _set(self, payload):
        given = payload["csChargingProfiles"]
        try:
            profile = self._parse(payload["connectorId"], given)
            if profile.purpose == TX:
                self._bind(profile, given.get("transactionId"))
            self._installed.add(profile, self._room())
        except Refused as e:
            self._log.warning("charging profile %s refused: %s", str(given["chargingProfileId"])[:11], str(e))
            return {"status": "Rejected"}
        except self._store.Error as e:
            self._log.error("no charging profile without a journal: %s", str(e))
            return {"status": "Rejected"}
        self._log.info("charging profile %d: %s, level %d", profile.id, PURPOSES[profile.purpose], profile.level)
        self._judge()
        return {"status": "Accepted"}

    def _parse(self, connector, given):
        return parse(connector, given, self._max_level, self._max_periods, self._clock.utc_ms())

    def _bind(self, profile, transaction_id):
        """A TxProfile is for the transaction that runs, and for no other (section 5.16.3)."""
        current = self._transactions.current
        if current is None:
            raise Refused("no transaction runs")
        if transaction_id is not None and transaction_id != current.id:
            raise Refused("another transaction runs")
        profile.number = current.number

    def _room(self):
        """How many may be installed now: one that waits for its transaction has its place."""
        return self._most - (1 if self._staged and self._staged[1] is not None else 0)

    def _clear(self, payload):
        wanted = (
            payload.get("id"),
            payload.get("connectorId"),
            payload.get("chargingProfilePurpose"),
            payload.get("stackLevel"),
        )

        def fits(profile):
            has = (profile.id, profile.connector, PURPOSES[profile.purpose], profile.level)
            return all(want is None or want == value for want, value in zip(wanted, has))

        try:
            count = self._installed.remove(fits)
        except self._store.Error as e:
            raise CallError("InternalError", str(e))  # neither cleared nor unknown
        self._log.info("%d charging profiles cleared", count)
        self._judge()
        return {"status": "Accepted" if count else "Unknown"}

    # --- with a RemoteStartTransaction (section 5.11) ---------------------------------------------------------------

    def _prepare(self, tag, given):
        """Called before a remote start of `tag` is accepted: a function that makes the profile given with it, if any,
        wait for the transaction; None: the profile cannot be taken.
        """
        staged = ()
        if given is not None:
            try:
                profile = self._parse(1, given)
                if profile.purpose != TX or "transactionId" in given:
                    raise Refused("a remote start takes a TxProfile without transactionId")
                self._installed.plan(profile)
            except Refused as e:
                self._log.warning("charging profile of a remote start refused: %s", str(e))
                return None
            staged = (tag, profile)

        def stage():
            self._staged = staged

        return stage

    def _starting(self, transaction, changes):
        """A transaction is about to be journaled: so is the profile that came with its remote start."""
        self._planned = ()
        if self._staged and same_tag(self._staged[0], transaction.id_tag):
            profile = self._staged[1]
            profile.number = transaction.number
            self._planned, journaled = self._installed.plan(profile, self._most + 1)  # its place was kept
            changes.update(journaled)

    def _begun(self, transaction):
        if self._planned:
            self._installed.adopt(self._planned)
        self._staged = self._planned = ()
        self._origin_ms = self._clock.uptime_ms()
        self._judge()

    def _ended(self, transaction, meter_stop_wh):
        self._installed.discard(lambda profile: profile.purpose == TX)
        self._origin_ms = None
        self._judge()

    # --- as time goes by ------------------------------------------------------------------------------------------

    def _step(self):
        if self._clock.uptime_ms() >= self._due_ms or self._settings != self._stamps.settings:
            self._judge()
        else:
            self._apply()
        if self._staged and not (self._transactions.expects_plug() or self._authorization.busy()):
            self._log.info("the charging profile of a remote start is given up with it")
            self._staged = ()

    def _judge(self):
        """Find what is permitted now, and when that changes."""
        self._settings = self._stamps.settings
        moment = self.moment()
        now, origin, known = moment
        if known:
            self._installed.discard(lambda profile: profile.is_over(now))
        before, self._limits = self._limits, limits_at(self.profiles, self._number(), now, origin, known)
        until = self._limits.until
        self._due_ms = self._clock.uptime_ms() + (_LOOK_MS if until is None else min(until - now, _LOOK_MS))
        self._apply()
        words = self._limits.words()
        if before.words() != words:
            self._log.info("limit: %s", words or "no limit")

    def _apply(self):
        """Let the limit follow. Allocates nothing as long as it stays the same."""
        transactions = self._transactions
        ma = capped_ma(self._limits, self._charger.max_current_ma, self.voltage_mv())
        if ma != transactions.limit_ma:
            transactions.limit_ma = ma
            transactions.apply_limit()

    # --- for people -----------------------------------------------------------------------------------------------

    def _why(self):
        """Which profiles limit: "" if none does."""
        return self._limits.words(True)

    def _page(self):
        ma = self._transactions.limit_ma
        yield "Smart charging: limit %d.%03d A by %s; profiles %d of %d" % (
            ma // 1000,
            ma % 1000,
            self._limits.words() or "no limit",
            len(self.profiles),
            self._most,
        )
