"""The answers to the messages about charging profiles. `charging` is the SmartCharging."""

from ..actions import CallError
from . import schemas  # noqa: F401  # see `CallDispatcher`
from .parsing import parse
from .profile import PURPOSES, TX, Refused
from .schedule import composite_schedule


def set_charging_profile(charging, payload):
    """SetChargingProfile (OCPP 1.6, section 5.16)."""
    given = payload["csChargingProfiles"]
    try:
        profile = _parsed(charging, payload["connectorId"], given)
        if profile.purpose == TX:
            current = charging.ocpp.station.outlet(profile.connector).transactions.current
            _bind(current, profile, given.get("transactionId"))
        active = charging.activate()
        active.installed.add(profile, active.room())
    except Refused as e:
        charging.log.warning("charging profile %s refused: %s", str(given["chargingProfileId"])[:11], str(e))
        return {"status": "Rejected"}
    except charging.store.Error as e:
        charging.log.error("no charging profile without a journal: %s", str(e))
        return {"status": "Rejected"}
    charging.log.info("charging profile %d: %s, level %d", profile.id, PURPOSES[profile.purpose], profile.level)
    active.judge()
    return {"status": "Accepted"}


def _parsed(charging, connector, given):
    count = len(charging.ocpp.outlets)
    return parse(connector, given, count, charging.max_level, charging.max_periods, charging.clock.utc_ms())


def _bind(current, profile, transaction_id):
    """A TxProfile is for the transaction that runs, and for no other (section 5.16.3)."""
    if current is None:
        raise Refused("no transaction runs")
    if transaction_id is not None and transaction_id != current.id:
        raise Refused("another transaction runs")
    profile.number = current.number


def clear_charging_profile(charging, payload):
    """ClearChargingProfile (section 5.4)."""
    wanted = (
        payload.get("id"),
        payload.get("connectorId"),
        payload.get("chargingProfilePurpose"),
        payload.get("stackLevel"),
    )

    def fits(profile):
        has = (profile.id, profile.connector, PURPOSES[profile.purpose], profile.level)
        return all(want is None or want == value for want, value in zip(wanted, has))

    active, count = charging.active, 0
    if active is not None:
        try:
            count = active.installed.remove(fits)
        except charging.store.Error as e:
            raise CallError("InternalError", str(e))  # neither cleared nor unknown
        active.judge()
    charging.log.info("%d charging profiles cleared", count)
    return {"status": "Accepted" if count else "Unknown"}


def get_composite_schedule(charging, payload):
    """GetCompositeSchedule (section 5.7): a coroutine for the answer."""
    outlets = charging.ocpp.outlets
    return composite_schedule(charging.activate(), outlets, charging.clock, charging.max_periods, payload)


def staged(charging, outlet, tag, given):
    """A function that makes the profile of a RemoteStartTransaction wait for it; None: it cannot be taken."""
    try:
        profile = _parsed(charging, outlet.id, given)
        if profile.purpose != TX or "transactionId" in given:
            raise Refused("a remote start takes a TxProfile without transactionId")
        charging.activate().installed.plan(profile)
    except Refused as e:
        charging.log.warning("charging profile of a remote start refused: %s", str(e))
        return None

    def stage():
        charging.activate().staged[outlet.id - 1] = (tag, profile)

    return stage
