"""Charging profiles for tests: payloads, and a model of what they permit, second by second, by the specification's
words and without any cleverness.
"""

from components.ocpp.v16 import limits
from components.station.limits import requests
from core.isotime import format_utc

DAY = 86400
MAX, DEFAULT, TX = "ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"


def profile(number, limits, purpose=DEFAULT, kind="Absolute", level=0, unit="A", start=None, duration=None, **more):
    """A csChargingProfiles. `limits`: {second: limit}, or one limit; `start` in UTC s."""
    limits = limits if isinstance(limits, dict) else {0: limits}
    periods = [{"startPeriod": second, "limit": limits[second]} for second in sorted(limits)]
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    if start is not None:
        schedule["startSchedule"] = format_utc(start * 1000)
    if duration is not None:
        schedule["duration"] = duration
    if "minChargingRate" in more:
        schedule["minChargingRate"] = more.pop("minChargingRate")
    given = {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    given.update(more)
    return given


def parse(connector, given, connectors, levels_max, periods_max, utc_ms):
    """The Profile of a message."""
    record = limits.record(requests, connector, given)
    return requests.checked(record, connectors, levels_max, periods_max, utc_ms)


def parsed(connector, given, utc_ms=None, number=None):
    made = parse(connector, given, 1, 8, 24, utc_ms)
    made.number = number
    return made


class Model:
    """One profile as a test makes it: times in s, limits in tenths."""

    def __init__(self, number, purpose, connector, level, kind, every, start, duration, valid, unit, limits, tx):
        self.id, self.purpose, self.connector, self.level, self.kind = number, purpose, connector, level, kind
        self.every, self.start, self.duration, self.valid, self.unit = every, start, duration, valid, unit
        self.limits, self.tx = limits, tx

    def given(self):
        more = {}
        if self.every:
            more["recurrencyKind"] = "Daily" if self.every == DAY else "Weekly"
        for name, value in zip(("validFrom", "validTo"), self.valid):
            if value is not None:
                more[name] = format_utc(value * 1000)
        limits = {second: self.limits[second] / 10 for second in self.limits}
        return profile(
            self.id, limits, self.purpose, self.kind, self.level, self.unit, self.start, self.duration, **more
        )

    def parsed(self):
        return parsed(self.connector, self.given(), None, self.tx)

    def limit(self, second, origin):
        """What it says about a second, or None."""
        valid_from, valid_to = self.valid
        if valid_from is not None and second < valid_from or valid_to is not None and second >= valid_to:
            return None
        begin = origin if self.start is None else self.start
        while self.every and begin + self.every <= second:
            begin += self.every
        if second < begin or self.duration is not None and second >= begin + self.duration:
            return None
        latest = max([start for start in self.limits if begin + start <= second])
        return self.limits[latest]


def model_limits(models, tx, second, origin):
    """(amps, watts) in tenths; None: no limit."""
    found = []
    for chain in (((MAX, 0),), ((TX, 1), (DEFAULT, 1), (DEFAULT, 0))):
        first = None
        for purpose, connector in chain:
            said = [
                (model.level, limit, model.unit)
                for model in models
                for limit in (model.limit(second, origin),)
                if model.purpose == purpose and model.connector == connector and limit is not None
                if purpose != TX or model.tx == tx
            ]
            if said and first is None:
                first = (purpose, max(said)[0])
                found.append(max(said))
            elif said and first[0] == DEFAULT and max(said)[0] > first[1]:
                found.append(max(said))  # of connector 0, with a higher level than that of connector 1: both hold
    result = []
    for unit in ("A", "W"):
        result.append(min([limit for _, limit, of in found if of == unit] or [None]))
    return tuple(result)


def random_models(random, now, origin):
    """Up to seven profiles, most of which change within two minutes of `now`."""
    models, taken = [], set()
    for number in range(random.randint(1, 7)):
        purpose = random.choice((MAX, DEFAULT, DEFAULT, TX))
        connector = {MAX: 0, TX: 1}.get(purpose, random.randint(0, 1))
        level = random.randint(0, 3)
        if (purpose, connector, level) in taken:
            continue
        taken.add((purpose, connector, level))
        models.append(random_model(random, now, number, purpose, connector, level))
    return models


def random_model(random, now, number, purpose, connector, level):
    kind = random.choice(("Absolute", "Recurring", "Absolute" if purpose == MAX else "Relative"))
    every = random.choice((DAY, 7 * DAY)) if kind == "Recurring" else 0
    start = None
    if kind == "Recurring":
        start = now + random.randint(-60, 120) - every * random.randint(0, 3)
    elif kind == "Absolute" and (purpose == MAX or random.randint(0, 2)):
        start = now + random.randint(-100, 100)
    duration = random.choice((None, random.randint(1, 150), DAY - random.randint(0, 60)))
    valid = [None, None]
    if random.randint(0, 2) == 0:
        valid[0] = now + random.randint(-50, 100)
    if random.randint(0, 2) == 0:
        valid[1] = max(now, valid[0] or 0) + random.randint(1, 100)
    limits = {0: random.randint(0, 500)}
    for _ in range(random.randint(0, 4)):
        limits[random.choice((random.randint(1, 120), DAY - random.randint(0, 60)))] = random.randint(0, 500)
    tx = (7 if random.randint(0, 3) else 8) if purpose == TX else None
    return Model(
        number, purpose, connector, level, kind, every, start, duration, valid, random.choice("AW"), limits, tx
    )
