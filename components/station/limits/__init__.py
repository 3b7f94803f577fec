"""Limits by charging profiles: what may flow at an outlet from moment to moment; a feature that a board may leave out.

=========  =================================================================
requests   what a dialect asks for, checked; loaded for that
composite  ... the schedule that results from all profiles
active     what the profiles permit; loaded as long as there are any
installed  ... the profiles that are there, and their journal
engine     ... from profiles to the limits of a moment
profile    ... one charging profile, kept compact
=========  =================================================================

What the specifications leave to a station:

- This charger delivers direct current: a limit in A is the current to the vehicle, a limit in W is divided by the
  voltage measured at the terminals (while that is not known: the voltage that is wanted, and without that the highest
  that the charger may have, which gives the smallest current).
- An Absolute schedule without a start starts with the charging (OCPP 1.6, 7.13), in a profile of the station when it is
  accepted; so does a Relative one there, which has no transaction to be relative to. A Recurring one repeats from its
  start on, not before.
- Where no TxProfile has a period in force, TxDefaultProfile limits; where that of the outlet has none, that of 0,
  which is for each outlet. Where that of 0 has a higher stack level, both hold until one is cleared: the lower
  current counts.
- ChargePointMaxProfile limits all outlets together. With several of them its limit goes to the component ``budget``,
  which shares it out as they need it; on a board without one each outlet has an equal part, whatever the others do.
  In W it becomes the current at the highest voltage of any: together they stay below it.
- The composite schedule of 0 is the sum of the outlets', up to that limit.
- The least rate of a schedule is part of composite schedules; a limit below it applies nevertheless: a limit is an
  upper bound.
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
STORED = "ocpp/cp/"  # + the profile's id: the Profile's record
_ACTIVE = const((  # what is there as long as an `Active` is
    "components.station.limits.active",
    "components.station.limits.engine",
    "components.station.limits.installed",
    "components.station.limits.profile",
))  # fmt: skip


class SmartCharging:
    """Sets the ``limit_ma`` of each outlet's transactions by the charging profiles that are installed.

    The profiles are judged when one of them changes, at the next moment at which a period, a validity or a repetition
    begins or ends, with a transaction, and when the time was set; between, a limit in W follows the voltage.

    Options: how many profiles, periods in a schedule, and which stack levels (0 to max_level) are taken.

    A dialect finds this as the station's feature "limits", and uses

    - `requests`: the module for what is asked, whose functions have this object as their first argument: `install`
      (SetChargingProfile in OCPP 1.6, 5.16, and 2.0.1, K01), `stage` (the profile of a remote start: 5.11; F01, K05),
      `remove` (ClearChargingProfile: 5.4; K10), `composite` (GetCompositeSchedule: 5.7; K08). They take and return
      ids of outlets, 0 for all, `Profile.record`, ms in UTC, s, and tenths of A or W; `Refused` says why not.
    - ``active``: the `Active` while a profile is installed, or waits for the transaction of a remote start, else None;
      ``active.profiles``, a list of Profile (GetChargingProfiles in 2.0.1, K09).
    - ``store.Error``, raised by `install` and `remove`: the journal refuses, and nothing has changed.

    OCPP 2.0.1 has the same profiles: evseId is the id of the outlet, ChargingStationMaxProfile the purpose MAX, and the
    station never has one of purpose ChargingStationExternalConstraints. Of several schedules, which are for a vehicle
    to choose from by ISO 15118, a dialect takes the first.
    """

    requires = ("station", "clock", "log", "store")
    uses = ("budget",)
    keeps = ("ocpp/cp/",)
    options = {
        "max_profiles": (int, 10, 1, 50),
        "max_periods": (int, 24, 1, 100),
        "max_level": (int, 8, 0, 100),
    }
    active = None

    def __init__(self, station, clock, log, store, max_profiles, max_periods, max_level, budget=None):
        self.station = station
        self.budget = budget
        self.clock = clock
        self.log = log
        self.store = store
        self.max_profiles = max_profiles
        self.max_level = max_level
        self.max_periods = max_periods
        configuration = station.configuration
        configuration.add(KEYS)
        configuration.fix("ChargeProfileMaxStackLevel", max_level)
        configuration.fix("ChargingScheduleMaxPeriods", max_periods)
        configuration.fix("MaxChargingProfilesInstalled", max_profiles)
        station.add_feature("limits", self)
        station.add_step(self._step)
        station.limit_by(self)
        station.watch_transactions(self._starting, self._begun, self._ended)

    async def start(self):
        """Read the journal, and limit the transactions that continue before they do."""
        for _ in self.store.keys(STORED):
            self.activate().load()
            break

    def requests(self):
        """The module of what a dialect asks, which has the station's ``on_demand`` in use. Raises MemoryError."""
        from . import requests

        return requests

    def activate(self):
        """The `Active`, which is made if there is none. Raises MemoryError."""
        if self.active is None:
            on_demand = self.station.on_demand
            with on_demand:
                from .active import Active

                active = Active(self)
                active.modules = on_demand.keep(_ACTIVE)
                self.active = active
        return self.active

    def unstage(self, outlet):
        """See `Absent`."""
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
            self.station.on_demand.drop(active.modules)

    def why(self, outlet):
        """Which profiles limit an outlet: "" if none does."""
        return "" if self.active is None else self.active.why(outlet)

    def page(self):
        """What the console shows."""
        active = self.active
        for outlet in self.station.outlets:
            ma = outlet.transactions.limit_ma
            words = "" if active is None else active.words(outlet)
            limit = "Smart charging%s: limit %d.%03d A by " % (outlet.words(), ma // 1000, ma % 1000)
            yield "limit/%d" % outlet.id, limit + "%(by)s; profiles %(profiles)d of %(most)d", {
                "limit_ma": ma,
                "by": words or "no limit",
                "profiles": 0 if active is None else len(active.profiles),
                "most": self.max_profiles,
            }
