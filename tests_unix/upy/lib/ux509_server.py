"""Works with certificates for a host test: reads lines ``{"do", ...}`` with bytes in hex, writes the answer as JSON.

An exception is the answer ``{"raised": class, "text": ...}``.
"""

import asyncio
import hashlib
import json
import sys
import time
from binascii import hexlify, unhexlify


def plain(value):
    """What JSON can say of a value."""
    return hexlify(value).decode() if isinstance(value, (bytes, bytearray)) else value


class Ux509:
    """One method a request; its arguments are the request's."""

    def __init__(self):
        import ux509

        self.x509 = ux509

    async def read(self, der):
        certificate = self.x509.Certificate(unhexlify(der))
        names = (
            "tbs", "subject", "issuer", "spki", "algorithm", "serial_hex", "not_before", "not_after", "key",
            "signature", "is_ca", "path_length", "key_usage", "extended_usage", "hosts", "subject_key_id",
            "authority_key_id", "unknown_critical", "common_name", "organization", "self_issued",
        )  # fmt: skip
        answer = {name: plain(getattr(certificate, name)) for name in names}
        if answer["extended_usage"]:
            answer["extended_usage"] = [plain(oid) for oid in answer["extended_usage"]]
        return answer

    async def pem(self, text):
        return [plain(der) for der in self.x509.pem.decode(text)]

    async def to_pem(self, der):
        return self.x509.pem.encode(unhexlify(der))

    async def chain(self, chain, roots, utc):
        chain = [self.x509.Certificate(unhexlify(der)) for der in chain]
        root = await self.x509.verify_chain(chain, (unhexlify(der) for der in roots), utc)
        return plain(root.der)

    async def digest(self, spki, digest, signature):
        return await self.x509.verify_digest(unhexlify(spki), unhexlify(digest), unhexlify(signature))

    async def hash_data(self, der, issuer):
        key_hash = self.x509.issuer_key_hash(self.x509.Certificate(unhexlify(issuer)).spki)
        return self.x509.certificate_hash_data(self.x509.Certificate(unhexlify(der)), key_hash)

    async def request(self, common_name, organization):
        """A new key, kept as DER, read again; its request and a signature of b"message"."""
        from ux509 import keys

        der = self.x509.private_key_der(*(await self.x509.new_key()))
        d, public = self.x509.read_private_key(der)
        names = self.x509.names
        subject = ((names.ORGANIZATION, organization), (names.COMMON_NAME, common_name))
        request = await self.x509.certificate_request(d, public, subject)
        return {
            "key": plain(der),
            "csr": self.x509.pem.encode(request, "CERTIFICATE REQUEST"),
            "spki": plain(self.x509.spki(public)),
            "signature": plain(await keys.ecdsa.sign(d, hashlib.sha256(b"message").digest())),
        }

    async def public(self, scalar):
        from ux509 import p256

        return plain(await p256.public_key(int(scalar, 16)))

    async def loads(self, certificate, key, root):
        """Do mbedTLS and MicroPython take them?"""
        import tls

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(unhexlify(certificate), unhexlify(key))
        context.load_verify_locations(unhexlify(root))
        return True

    async def fuzz(self, der, spki, signature, count, seed):
        """Broken copies of a certificate, a key, a signature; returns how many were refused by which exception.

        What still reads is used as far as it goes without arithmetic.
        """
        counts = {}
        dice = Dice(seed)
        for original, use in ((der, self.use_certificate), (spki, self.x509.check_key)):
            original = unhexlify(original)
            for _ in range(count):
                try:
                    use(dice.broken(original))
                    name = "taken"
                except ValueError:
                    name = "ValueError"
                except Exception as error:
                    name = type(error).__name__
                counts[name] = counts.get(name, 0) + 1
        original, digest, taken = unhexlify(signature), bytes(32), 0
        for _ in range(count // 50):
            taken += await self.x509.verify_digest(unhexlify(spki), digest, dice.broken(original))
        counts["signatures taken"] = taken
        return counts

    def use_certificate(self, der):
        certificate = self.x509.Certificate(der)
        for name in ("common_name", "organization", "serial_hex"):
            getattr(certificate, name)
        self.x509.certificate_hash_data(certificate, "")
        self.x509.check_key(certificate.spki)

    async def steps(self, work):
        """Do another request; returns its answer, how long it took (us), and of the loop's steps meanwhile how many
        there were and the longest (us) but for the longest one of a hundred. All of it is processor time.
        """
        gaps = []
        task = asyncio.create_task(watch(gaps))
        await asyncio.sleep_ms(0)
        began = used_us()
        answer = await getattr(self, work.pop("do"))(**work)
        took = used_us() - began
        task.cancel()
        return answer, took, len(gaps), sorted(gaps)[len(gaps) * 99 // 100]


def used_us():
    """The processor time of this process: ``time.clock`` is the unix port's own."""
    return round(time.clock() * 1000000)


async def watch(gaps):
    before = used_us()
    while True:
        await asyncio.sleep_ms(0)
        now = used_us()
        gaps.append(now - before)
        before = now


class Dice:
    """Random numbers that are the same with the same seed (xorshift), and what is broken with them."""

    def __init__(self, seed):
        self.state = seed

    def roll(self, sides):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        self.state = x = x ^ (x << 5 & 0xFFFFFFFF)
        return x % sides

    def broken(self, data):
        """A copy of some bytes with one to three things wrong."""
        data = bytearray(data)
        for _ in range(1 + self.roll(3)):
            at = self.roll(len(data))
            kind = self.roll(6)
            if kind == 0:
                data[at] ^= 1 << self.roll(8)
            elif kind == 1:
                data[at] = (0, 1, 0x30, 0x7F, 0x80, 0x81, 0x84, 0xFF)[self.roll(8)]
            elif kind == 2:
                data = data[:at] + data[at + 1 + self.roll(8) :] or data
            elif kind == 3:
                data = data[:at] + bytes(1 + self.roll(8)) + data[at:]
            elif kind == 4:
                data = data[: at + 1]
            else:
                piece = data[at : at + 1 + self.roll(64)]
                data = data[:at] + piece + data[at:]
        return bytes(data)


async def main():
    ux509 = Ux509()
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        request = json.loads(line)
        try:
            answer = await getattr(ux509, request.pop("do"))(**request)
        except Exception as error:
            answer = {"raised": type(error).__name__, "text": str(error)}
        print(json.dumps(answer))


if __name__ == "__main__":
    sys.path[:] = sys.argv[1:] + [".frozen"]
    asyncio.run(main())
