"""The Smart Charging profile: the central system limits current and power (OCPP 1.6, section 3.13, and 5.4, 5.7, 5.16).

=========  =================================================================
active     what the profiles permit; loaded as long as there are any
installed  ... the profiles that are there, and their journal
engine     ... from profiles to the limits of a moment, and to a schedule
profile    ... one charging profile, kept compact
calls      the answers to the messages; loaded for them
parsing    ... a charging profile of a message, checked
schedule   ... the answer to GetCompositeSchedule
=========  =================================================================

What the specification leaves to a charge point:

- This charger delivers direct current: a limit in A is the current to the vehicle, a limit in W is divided by the
  voltage measured at the terminals (while that is not known: the voltage that is wanted, and without that the highest
  that the charger may have, which gives the smallest current). ``numberPhases`` says nothing about direct current: 1 to
  3 are taken, and change nothing.
- An Absolute schedule without ``startSchedule`` starts with the charging (7.13), in a ChargePointMaxProfile when it is
  accepted; so does a Relative one there, which has no transaction to be relative to. A Recurring one repeats from its
  ``startSchedule`` on, not before.
- Where no TxProfile has a period in force, TxDefaultProfile limits; where that of the connector has none, that of 0,
  which is for each connector. Where that of 0 has a higher stack level, both hold until one is cleared: the lower
  current counts.
- ChargePointMaxProfile limits all connectors together. With several of them its limit goes to the component ``budget``,
  which shares it out as they need it; on a board without one each connector has an equal part, whatever the others do.
  In W it becomes the current at the highest voltage of any: together they stay below it.
- The composite schedule of connector 0 is the sum of the connectors', up to that limit.
- ``minChargingRate`` is part of composite schedules; a limit below it applies nevertheless: a limit is an upper bound.
- After a power cut, while the time is unknown: a profile that cannot be judged without it counts with its smallest
  limit. So does a TxProfile or TxDefaultProfile that counts from the start of a transaction that ran before the cut.
"""

from micropython import const

KEYS = (
    ("ChargeProfileMaxStackLevel", "int", 0, None, None, "R"),
    ("ChargingScheduleAllowedChargingRateUnit", "str", "Current,Power", None, None, "R"),
    ("ChargingScheduleMaxPeriods", "int", 0, None, None, "R"),
    ("ConnectorSwitch3to1PhaseSupported", "bool", False, None, None, "R"),
    ("MaxChargingProfilesInstalled", "int", 0, None, None, "R"),
)
STORED = "ocpp/cp/"  # + chargingProfileId: the Profile's record
_ACTIVE = const((  # what is there as long as an `Active` is
    "components.ocpp.smart_charging.active",
    "components.ocpp.smart_charging.engine",
    "components.ocpp.smart_charging.installed",
    "components.ocpp.smart_charging.profile",
))  # fmt: skip


class SmartCharging:
    """Sets the ``limit_ma`` of each outlet's transactions by the charging profiles that are installed.

    The profiles are judged when one of them changes, at the next moment at which a period, a validity or a repetition
    begins or ends, with a transaction, and when the time was set; between, a limit in W follows the voltage.

    ``active`` is the `Active` while a profile is installed, or waits for the transaction of a remote start; else None.

    Options: how many profiles, periods in a schedule, and which stack levels (0 to max_level) are taken.
    """

    requires = ("ocpp", "clock", "log", "store")
    uses = ("budget",)
    keeps = ("ocpp/cp/",)
    options = {
        "max_profiles": (int, 10, 1, 50),
        "max_periods": (int, 24, 1, 100),
        "max_level": (int, 8, 0, 100),
    }
    active = None

    def __init__(self, ocpp, clock, log, store, max_profiles, max_periods, max_level, budget=None):
        self.ocpp = ocpp
        self.budget = budget
        self.clock = clock
        self.log = log
        self.store = store
        self.max_profiles = max_profiles
        self.max_level = max_level
        self.max_periods = max_periods
        ocpp.add_profile("smart_charging", self, KEYS)
        ocpp.configuration.fix("ChargeProfileMaxStackLevel", max_level)
        ocpp.configuration.fix("ChargingScheduleMaxPeriods", max_periods)
        ocpp.configuration.fix("MaxChargingProfilesInstalled", max_profiles)
        ocpp.station.add_step(self._step)
        ocpp.station.limit_by(self)
        ocpp.station.watch_transactions(self._starting, self._begun, self._ended)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    async def start(self):
        """Read the journal, and limit the transactions that continue before they do."""
        for _ in self.store.keys(STORED):
            self.activate().load()
            break

    def activate(self):
        """The `Active`, which is made if there is none. Raises MemoryError."""
        if self.active is None:
            on_demand = self.ocpp.on_demand
            with on_demand:
                from .active import Active

                active = Active(self)
                active.modules = on_demand.keep(_ACTIVE)
                self.active = active
        return self.active

    def prepare(self, outlet, tag, given):
        """Called before a remote start of `tag` is accepted (section 5.11): a function that makes the profile given
        with it, if any, wait for the transaction; None: the profile cannot be taken. Raises MemoryError.
        """
        if given is None:
            return lambda: self._unstage(outlet)
        with self.ocpp.on_demand:
            from .calls import staged

            return staged(self, outlet, tag, given)

    def _unstage(self, outlet):
        if self.active is not None:
            self.active.staged[outlet.id - 1] = ()

    def _starting(self, transaction, changes):
        if self.active is not None:
            self.active.starting(transaction, changes)

    def _begun(self, transaction):
        if self.active is not None:
            self.active.begun(transaction)

    def _ended(self, transaction, meter_stop_wh):
        if self.active is not None:
            self.active.ended(transaction)

    def _step(self):
        active = self.active
        if active is not None and not active.step():
            self.active = None
            self.ocpp.on_demand.drop(active.modules)

    def why(self, outlet):
        """Which profiles limit an outlet: "" if none does."""
        return "" if self.active is None else self.active.why(outlet)

    def page(self):
        """What the console shows."""
        active = self.active
        for outlet in self.ocpp.outlets:
            ma = outlet.transactions.limit_ma
            words = "" if active is None else active.words(outlet)
            limit = "Smart charging%s: limit %d.%03d A by " % (outlet.words(), ma // 1000, ma % 1000)
            yield "limit/%d" % outlet.id, limit + "%(by)s; profiles %(profiles)d of %(most)d", {
                "limit_ma": ma,
                "by": words or "no limit",
                "profiles": 0 if active is None else len(active.profiles),
                "most": self.max_profiles,
            }
