"""A card that waits for the plug where several outlets could take it: loaded as long as one does."""

from .authorization import ACCEPTED, reason_words
from .cards import choose


def step(station):
    """As time goes by; before the outlets' own steps, which end the moment of an emergency stop."""
    tag, parent, until_ms = station.card
    why = ("timeout", "") if station.clock.uptime_ms() >= until_ms else ()
    if station.outlets[0].transactions.emergency():
        why = ("emergency_stop", "")
    outlet, _ = choose(station, tag, parent)
    if why:
        station.card = ()
        station.authorization.tell("given_up", tag, why, 0)
        station.log.info("idTag %s: given up: %s", tag, reason_words(why))
    elif outlet is not None:
        station.card = ()
        outlet.transactions.authorized(tag, ACCEPTED, parent, until_ms)
