"""SignedUpdateFirmware (white paper "Improved security for OCPP 1.6-J", use case L01): an update that is installed only
if the manufacturer has signed it.

The signing certificate must lead to a ManufacturerRootCertificate that the central system has installed, when the order
comes and again when the image is here; it is no CA, its key is for signatures and, where it names extended usages, for
code. The signature is over the SHA-256 of the image. RSA and ECDSA P-256 as `ux509` verifies them.
"""


class SignedFirmware:
    """Adds signed updates to ``firmware``, which does all the rest.

    Whether a certificate was revoked cannot be found out here, so RevokedCertificate is never answered. A signature
    that is malformed is answered as every wrong one: after the download, by InvalidSignature.

    Options: ``tries`` and ``interval_s`` where the central system does not say. ``unsigned``: UpdateFirmware is taken
    as well; otherwise it is refused with SecurityError.
    """

    requires = ("ocpp", "firmware", "certificates", "log")
    options = {"tries": (int, 3, 1, 100), "interval_s": (int, 60, 0, 86400), "unsigned": (bool, False)}

    def __init__(self, ocpp, firmware, certificates, log, tries, interval_s, unsigned):
        self.ocpp = ocpp
        self.firmware = firmware
        self.certificates = certificates
        self.log = log
        self.tries = tries
        self.interval_s = interval_s
        firmware.verify_by(self._verify, unsigned)
        ocpp.add_profile("signed_firmware", self)

    def calls(self):
        """See `CallDispatcher`."""
        from . import calls

        return calls

    def _verify(self, signature, digest):
        """See `Firmware.verify_by`; the update lets go of what is loaded."""
        return self.calls().verify(self, signature, digest)
