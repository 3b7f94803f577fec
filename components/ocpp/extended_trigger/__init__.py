"""ExtendedTriggerMessage of the security extension (OCA's "Improved security for OCPP 1.6-J", section 5.5)."""


class ExtendedTrigger:
    """Sends what the central system asks for: see `triggers`."""

    requires = ("ocpp",)

    def __init__(self, ocpp):
        self.ocpp = ocpp
        ocpp.add_profile("extended_trigger", self)

    def calls(self):
        """See `Actions`."""
        from . import calls

        return calls
