"""What a dialect asks of the limits: see `SmartCharging`, which is `charging` here; loaded for that.

A record is a list as in `Profile.record`, that of a profile which is not installed yet with None as the number of the
transaction.
"""

from micropython import const

from .profile import MAX, PURPOSES, TX, Profile, Refused

_ID = const(0)  # in a record
_CONNECTOR = const(1)
_PURPOSE = const(2)
_LEVEL = const(3)
_EVERY_S = const(5)
_START = const(8)
_DURATION_S = const(9)
_MIN_RATE = const(11)
_STARTS = const(12)
_LIMITS = const(13)

_LOWEST = const((0, 0, 1))  # outlet where a purpose may be set (OCPP 1.6, section 3.13.1), MAX nowhere else
_RATE_MAX = const(10000000)  # A or W: more is the same as no limit
_SECONDS_MAX = const(315360000)  # ten years: no period or duration needs more
_ID_MAX = const(2147483647)


def install(charging, record, transaction_id=None):
    """Install a profile, in the place of those that it replaces. A TxProfile is for the transaction that runs at its
    outlet, and for no other: `transaction_id` is what the central system calls that, None if it does not say.

    Raises Refused, the store's Error, MemoryError.
    """
    profile = _checked(charging, record)
    if profile.purpose == TX:
        current = charging.station.outlet(profile.connector).transactions.current
        if current is None:
            raise Refused("no transaction runs")
        if transaction_id is not None and transaction_id != current.id:
            raise Refused("another transaction runs")
        profile.number = current.number
    active = charging.activate()
    active.installed.add(profile, active.room())
    charging.log.info("charging profile %d: %s, level %d", profile.id, PURPOSES[profile.purpose], profile.level)
    active.judge()


def stage(charging, tag, record):
    """A ``function(outlet)`` that makes a TxProfile wait for the remote start of `tag` at its outlet that it came with:
    to be called once that is accepted; for one without a profile `SmartCharging.unstage` is. Raises Refused,
    MemoryError.
    """
    profile = _checked(charging, record)
    if profile.purpose != TX:
        raise Refused("a remote start takes a TxProfile")
    charging.activate().installed.plan(profile)

    def wait(outlet):
        charging.activate().staged[outlet.id - 1] = (tag, profile)

    return wait


def remove(charging, number=None, connector=None, purpose=None, level=None):
    """Remove the profiles with this id, of this outlet, purpose and stack level, None: of any. Returns how many.

    Raises the store's Error: then there are neither none nor are they removed.
    """
    wanted = (number, connector, purpose, level)

    def fits(profile):
        has = (profile.id, profile.connector, profile.purpose, profile.level)
        return all(want is None or want == value for want, value in zip(wanted, has))

    active, count = charging.active, 0
    if active is not None:
        count = active.installed.remove(fits)
        active.judge()
    charging.log.info("%d charging profiles cleared", count)
    return count


def composite(charging, connector, duration_s, watts=None):
    """A coroutine for what is permitted to an outlet, or to all (0), from now on: see `composite_schedule`.

    Raises MemoryError.
    """
    from .composite import composite_schedule

    return composite_schedule(charging, connector, duration_s, watts)


def tenths(value):
    """A rate in A or W, as JSON has it, as a record has it; what is negative stays so."""
    if value >= _RATE_MAX:
        return _RATE_MAX * 10
    return int(value * 10 + 0.5) if value >= 0 else -1


def decimal(tenths):
    """... and the other way."""
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def _checked(charging, record):
    count = len(charging.station.outlets)
    return checked(record, count, charging.max_level, charging.max_periods, charging.clock.utc_ms())


def checked(record, outlets, levels_max, periods_max, utc_ms):
    """The Profile of a record for one of so many outlets, at `utc_ms` (None: not known). Raises Refused."""
    record, connector, purpose = list(record), record[_CONNECTOR], record[_PURPOSE]
    if not _LOWEST[purpose] <= connector <= (0 if purpose == MAX else outlets):
        raise Refused("no %s for connector %d" % (PURPOSES[purpose], connector))
    _check_periods(record[_STARTS], record[_LIMITS], periods_max)
    if record[_MIN_RATE] is not None:
        _check_rate(record[_MIN_RATE])
    if record[_DURATION_S] is not None:
        _check("duration", record[_DURATION_S], 1, _ID_MAX)
        record[_DURATION_S] = min(record[_DURATION_S], _SECONDS_MAX)
    _check("chargingProfileId", record[_ID], -_ID_MAX, _ID_MAX)
    _check("stackLevel", record[_LEVEL], 0, levels_max)
    if record[_START] is None:
        if record[_EVERY_S]:
            raise Refused("a Recurring schedule has no start")
        if purpose == MAX:
            if utc_ms is None:
                raise Refused("no startSchedule, and the time is not known")
            record[_START] = utc_ms  # it belongs to no transaction: Relative or not, it is in force from now on
    profile = Profile(record)
    if profile.valid_from is not None and profile.valid_to is not None and profile.valid_from >= profile.valid_to:
        raise Refused("validTo is not after validFrom")
    if utc_ms is not None and profile.is_over(utc_ms):
        raise Refused("it is over")
    return profile


def _check_periods(starts, limits, periods_max):
    if not 0 < len(starts) <= periods_max:
        raise Refused("%d periods, not 1 to %d" % (len(starts), periods_max))
    before = -1
    for start in starts:
        _check("startPeriod", start, 0, _SECONDS_MAX)
        if start <= before or (before < 0 and start):
            raise Refused("periods start at 0 and in rising order")
        before = start
    for limit in limits:
        _check_rate(limit)


def _check(name, value, low, high):
    if not low <= value <= high:
        raise Refused("%s is not within %d..%d" % (name, low, high))


def _check_rate(tenths):
    if tenths < 0:
        raise Refused("a negative rate")
    _check("a rate", tenths, 0, _RATE_MAX * 10)
