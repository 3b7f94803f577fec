"""The power fails at each step of each change of a certificate: before or after, but never something between."""

import os

from certificate_authority import authority
from certificates_site import CertifiedSite, rooted
from test_ocpp_own_certificate import certified, client

from components.ocpp.certificates import calls, changes, files
from components.ocpp.certificates.own import own_of


class PowerCut(BaseException):
    """The end of a life: nothing catches it but the test."""


class Mains:
    """What the component writes files with; fails at one of its operations, and then for ever."""

    def __init__(self, operations):
        self.left = operations

    def use(self):
        """Count an operation; raises PowerCut when it is the last one."""
        self.left -= 1
        if self.left <= 0:
            raise PowerCut()

    def open(self, path, mode):
        if mode == "rb":
            return open(path, mode)
        self.use()
        return CutFile(open(path, mode), self)

    def rename(self, old, new):
        self.use()
        os.rename(old, new)

    def remove(self, path):
        self.use()
        os.remove(path)

    listdir, stat, mkdir = os.listdir, os.stat, os.mkdir


class CutFile:
    """A file of which half a write is left by a cut."""

    def __init__(self, file, mains):
        self.file = file
        self.mains = mains

    def write(self, data):
        try:
            self.mains.use()
        except PowerCut:
            self.file.write(data[: len(data) // 2])
            raise
        return self.file.write(data)

    def flush(self):
        self.file.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def cut_after(operations):
    mains = Mains(operations)
    files.os, files.open = mains, mains.open


def mend():
    files.os, files.open = os, open


def copy(source, target):
    """Copy a directory of files."""
    os.mkdir(target)
    for name in os.listdir(source):
        with open(source + "/" + name, "rb") as file, open(target + "/" + name, "wb") as other:
            other.write(file.read())


async def every_cut(tmp, change, states):
    """Run ``change(site)`` on copies of ``tmp/certs``, cut at its first operation, its second one, ...

    ``states(site)`` is what a new life sees: it must be as it was before the change or as after it. Returns how many
    operations there were.
    """
    seen = []
    for operation in range(1, 40):
        home = "%s/%d" % (tmp, operation)
        os.mkdir(home)
        copy(tmp + "/certs", home + "/certs")
        before = await first_view(home, states)
        site = CertifiedSite(home, id="CP-1")
        await site.certificates.start()
        site.clock.set_utc_ms(1800014400000)
        cut_after(operation)
        try:
            await change(site)
            whole = True
        except PowerCut:
            whole = False
        mend()
        after = await first_view(home, states)
        assert after == await first_view(home, states)  # what start() mends is mended
        assert not [name for name in os.listdir(home + "/certs") if name.endswith(".new")]
        seen.append((before, after))
        if whole:
            break
    changed = [after != before for before, after in seen]
    assert changed == sorted(changed) and changed[-1] and not changed[0], changed
    assert len({str(after) for before, after in seen if after != before}) == 1
    return len(seen)


async def first_view(home, states):
    site = CertifiedSite(home, id="CP-1")
    await site.certificates.start()
    return states(site)


async def test_installing_a_root(tmp):
    site, root = await rooted(tmp)
    other = await authority("Other")

    async def install(site):
        given = {"certificateType": "CentralSystemRootCertificate", "certificate": other.text}
        await calls.install_certificate(site.certificates, given)

    assert await every_cut(tmp, install, lambda site: sorted(site.trusted())) >= 4


async def test_deleting_a_root(tmp):
    site, root = await rooted(tmp)
    other = await authority("Other")
    await site.install(other.text)
    data = (await site.listed())[0]

    async def delete(site):
        await calls.delete_certificate(site.certificates, {"certificateHashData": data})

    assert await every_cut(tmp, delete, lambda site: sorted(site.trusted())) >= 2


async def test_taking_a_certificate_of_our_own(tmp):
    site, root = await certified(tmp)
    chain = await root.answer(await site.requested())

    async def take(site):
        await calls.certificate_signed(site.certificates, {"certificateChain": chain})

    assert await every_cut(tmp, take, lambda site: client(site).der) >= 7


async def test_settling_on_the_new_certificate(tmp):
    site, root = await certified(tmp)
    await site.deliver(await root.answer(await site.requested()))
    new = client(site).der

    async def settle(site):
        changes.settle(site.certificates)

    assert await every_cut(tmp, settle, lambda site: own_of(site.certificates).replaced()) >= 2
    assert client(site).der == new


async def test_going_back_to_the_former_certificate(tmp):
    site, root = await certified(tmp)
    await site.deliver(await root.answer(await site.requested()))

    async def settle(site):
        site.certificates.attempt = 1
        changes.settle(site.certificates)

    assert await every_cut(tmp, settle, lambda site: client(site).der) >= 2


async def test_a_new_key_for_a_request(tmp):
    site, root = await certified(tmp)
    await site.requested()

    async def request(site):
        site.ocpp.outbox.request = answer
        await own_of(site.certificates).request()

    async def answer(action, payload):
        return {"status": "Accepted"}, None

    keys = []

    def pending(site):
        keys.append(site.certificates.files().read("pending")[0])
        return keys[-1] == keys[0]

    assert await every_cut(tmp, request, pending) >= 4
