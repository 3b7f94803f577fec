"""The Remote Trigger profile: TriggerMessage (OCPP 1.6, section 5.17)."""


class RemoteTrigger:
    """Sends what the central system asks for: see `triggers`."""

    requires = ("ocpp",)

    def __init__(self, ocpp):
        self.ocpp = ocpp
        ocpp.add_profile("remote_trigger", self, "RemoteTrigger")

    def calls(self):
        """See `Actions`."""
        from . import calls

        return calls
