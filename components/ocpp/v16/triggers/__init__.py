"""What a central system may ask us to send: the Remote Trigger profile (OCPP 1.6, section 5.17), and, of the security
extension, ExtendedTriggerMessage (OCA's "Improved security for OCPP 1.6-J", section 5.5).
"""


class RemoteTrigger:
    """Sends what the central system asks for by TriggerMessage: see `calls`."""

    requires = ("ocpp",)
    _name = "remote_trigger"

    def __init__(self, ocpp):
        self.ocpp = ocpp
        ocpp.add_profile(self._name, self)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls


class ExtendedTrigger(RemoteTrigger):
    """... and by ExtendedTriggerMessage."""

    _name = "extended_trigger"
