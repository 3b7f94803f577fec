"""A card that waits for the plug where several outlets could take it: loaded as long as one does."""

from .authorization import ACCEPTED, reason_words
from .cards import choose


def step(services):
    """As time goes by; before the outlets' own steps, which end the moment of an emergency stop."""
    tag, parent, until_ms = services.card
    why = ("timeout", "") if services.clock.uptime_ms() >= until_ms else ()
    if services.outlets[0].transactions.emergency():
        why = ("emergency_stop", "")
    outlet, _ = choose(services, tag, parent)
    if why:
        services.card = ()
        services.authorization.tell("given_up", tag, why, 0)
        services.log.info("idTag %s: given up: %s", tag, reason_words(why))
    elif outlet is not None:
        services.card = ()
        outlet.transactions.authorized(tag, ACCEPTED, parent, until_ms)
