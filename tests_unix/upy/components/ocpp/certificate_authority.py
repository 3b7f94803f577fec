"""Certificates for tests inside MicroPython, written with ux509's own DER; real ones are in the tests on the host."""

import hashlib

from core.isotime import format_utc
from ux509 import names, new_key, pem, spki
from ux509.der import BIT_STRING, BOOLEAN, CONTEXT, OCTET_STRING, OID, bit_string, element, integer, reader, sequence
from ux509.ecdsa import sign

_ECDSA = sequence(element(OID, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"))
_TRUE = element(BOOLEAN, b"\xff")
DAY_S = 86400
NOON_S = 1800014400  # when the tests' central systems begin
CLIENT, SERVER = b"\x2b\x06\x01\x05\x05\x07\x03\x02", b"\x2b\x06\x01\x05\x05\x07\x03\x01"


def _time(utc_s):
    text = format_utc(utc_s * 1000)[:19]
    for character in "-:T":
        text = text.replace(character, "")
    return element(0x18, (text + "Z").encode())


def _extension(number, value, critical=True):
    parts = [element(OID, b"\x55\x1d" + bytes((number,)))] + [_TRUE] * critical + [element(OCTET_STRING, value)]
    return sequence(*parts)


class Authority:
    """An authority that signs itself, or is signed by `parent`; its certificate is ``der`` and ``text`` (PEM)."""

    async def make(self, name, parent=None, **options):
        self.d, self.public = await new_key()
        self.name = names.name((names.COMMON_NAME, name))
        self.der = await (parent or self).issue(self.name, self.public, ca=True, **options)
        self.text = pem.encode(self.der)
        return self

    async def issue(
        self, subject, public, ca=False, begins=-30, ends=700, usage=CLIENT, key_usage=None, serial=None, signed_by=None
    ):
        """A certificate (DER) for a name (DER) and a public key. `begins`, `ends`: days from NOON_S."""
        extensions = [_extension(0x13, sequence(_TRUE) if ca else sequence())]
        if key_usage is None:
            key_usage = 0x06 if ca else 0x80
        extensions.append(_extension(0x0F, element(BIT_STRING, bytes((0, key_usage)))))
        if usage and not ca:
            extensions.append(_extension(0x25, sequence(element(OID, usage)), False))
        body = sequence(
            element(CONTEXT, integer(2)),
            integer(serial or int.from_bytes(hashlib.sha256(public + subject).digest()[:8], "big")),
            _ECDSA,
            self.name,
            sequence(_time(NOON_S + begins * DAY_S), _time(NOON_S + ends * DAY_S)),
            subject,
            spki(public),
            element(CONTEXT + 3, sequence(*extensions)),
        )
        signature = await sign(signed_by or self.d, hashlib.sha256(body).digest())
        return sequence(body, _ECDSA, bit_string(signature))

    async def answer(self, request, **options):
        """The PEM text of a certificate for a request (PEM)."""
        outer = reader(pem.decode(request, "CERTIFICATE REQUEST")[0])
        body = outer.enter(0x30)
        body.integer()
        subject = body.raw()
        public = reader(body.raw())
        public.raw()
        return pem.encode(await self.issue(subject, public.bits(), **options))


async def authority(name, parent=None, **options):
    """A new Authority."""
    return await Authority().make(name, parent, **options)
