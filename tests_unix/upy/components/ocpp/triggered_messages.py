"""What a central system asks us to send, asked without one."""

from components.ocpp.v16.triggers.calls import trigger


def triggered(site, message, connector=None):
    """Is what a TriggerMessage would ask for accepted?"""
    return trigger(site.ocpp, message, connector)["status"] == "Accepted"


class Telling:
    """A profile that sends messages with ``function(connector)``; it is its own module of answers."""

    def __init__(self, function):
        self.trigger = lambda profile, message, connector: function(connector)

    def calls(self):
        return self
