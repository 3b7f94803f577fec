"""A charge point with the certificates' component, and what tests ask of it."""

from certificate_authority import authority
from ocpp_site import Central, Site
from triggered_messages import triggered

from components.ocpp.certificates.roots import CENTRAL_SYSTEM, MANUFACTURER

USE = "components.ocpp.certificates:Certificates"


class CertifiedSite(Site):
    """``certificates`` is the component; ``events`` are the security events, [(type, info)]."""

    def __init__(self, home, given=None, **options):
        super().__init__(home, profiles=((USE, given or {}),), **options)
        self.certificates = self.profiles[0]
        self.events = []
        self.ocpp.report_to(lambda type, info: self.events.append((type, info)))
        self.reconnects = 0
        self.ocpp.link.reconnect = self._reconnect

    def _reconnect(self):
        self.reconnects += 1

    async def install(self, text, kind=CENTRAL_SYSTEM):
        answer = await self.central.call("InstallCertificate", {"certificateType": kind, "certificate": text})
        return answer["status"]

    async def listed(self, kind=CENTRAL_SYSTEM):
        """The CertificateHashData of a kind."""
        answer = await self.central.call("GetInstalledCertificateIds", {"certificateType": kind})
        assert (answer["status"] == "Accepted") == ("certificateHashData" in answer), answer
        return answer.get("certificateHashData", [])

    async def delete(self, data):
        return (await self.central.call("DeleteCertificate", {"certificateHashData": data}))["status"]

    async def deliver(self, chain):
        return (await self.central.call("CertificateSigned", {"certificateChain": chain}))["status"]

    async def requested(self):
        """Trigger a request; returns its text."""
        before = len(self.central.of("SignCertificate"))
        assert triggered(self, "SignChargePointCertificate")
        await self.run(100)
        requests = self.central.of("SignCertificate")
        assert len(requests) == before + 1
        return requests[-1]["csr"]

    def trusted(self, kind=CENTRAL_SYSTEM):
        return list(self.certificates.roots(kind))

    async def restarted(self, home, **options):
        """The power fails; the next life, connected to the same central system."""
        central = self.central
        await self.power_off()
        return await booted(home, central, **options)

    async def reconnected(self, fails=0):
        """The connection is lost, fails so often, and is there again."""
        central = self.central
        await self.disconnect()
        for _ in range(fails):
            self.ocpp.counters.failed_connects += 1
            await self.run(300)
        self.ocpp.counters.connects += 1
        self.ocpp.boot.accepted.set(True)
        await self.connect(central)


async def booted(home, central=None, **options):
    """A site that runs and is accepted."""
    options.setdefault("id", "CP-1")
    site = CertifiedSite(home, **options)
    await site.power_on()
    central = central or Central()
    central.answers.setdefault("SignCertificate", {"status": "Accepted"})
    await site.connect(central)
    return site


async def rooted(home, **options):
    """(site, root): a site that has the root of its central system."""
    site = await booted(home, **options)
    root = await authority("Root")
    assert await site.install(root.text) == "Accepted"
    return site, root


__all__ = ("CENTRAL_SYSTEM", "MANUFACTURER", "CertifiedSite", "booted", "rooted")
