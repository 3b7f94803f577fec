"""ux509's parts by the vectors of their standards; what other software makes is in tests_unix/lib/test_ux509_*.py."""

import hashlib
from binascii import hexlify, unhexlify

from ux509 import ecdsa, names, p256
from ux509.der import Reader, element, integer, reader, sequence

D = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
# RFC 6979, A.2.5, SHA-256: message, nonce, r, s
VECTORS = (
    (
        b"sample",
        0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60,
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
    (
        b"test",
        0xD16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0,
        0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
        0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
    ),
)


def refuses(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return True
    return False


async def test_ecdsa_is_that_of_rfc_6979():
    public = await p256.public_key(D)
    assert hexlify(public) == (
        b"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        b"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    )
    for message, nonce, r, s in VECTORS:
        digest = hashlib.sha256(message).digest()
        assert next(ecdsa._nonces(D, digest)) == nonce
        signature = await ecdsa.sign(D, digest)
        assert signature == sequence(integer(r), integer(s))
        assert await ecdsa.verify(public, digest, signature)
        assert not await ecdsa.verify(public, digest, sequence(integer(r), integer(s + 1)))


def test_hmac_is_that_of_rfc_4231():
    assert hexlify(ecdsa.hmac(b"\x0b" * 20, b"Hi There")) == (
        b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert hexlify(ecdsa.hmac(b"Jefe", b"what do ya want for nothing?")) == (
        b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


async def test_points_add_up_in_every_case():
    infinity = (1, 1, 0)
    two = p256.double(p256.G)
    minus = (p256.G[0], p256.P - p256.G[1], 1)
    assert p256.add(p256.G, infinity) == p256.G == p256.add(infinity, p256.G)
    assert p256.add(p256.G, minus)[2] == 0 and await p256.affine(infinity) is None
    assert p256.double(infinity)[2] == 0
    assert await p256.affine(p256.add(p256.G, p256.G)) == await p256.affine(two)
    three = await p256.affine(p256.add(two, p256.G))
    assert three == await p256.affine(p256.add(p256.G, two)) == await p256.affine(await p256.multiply(3))
    assert await p256.affine(p256.add(await p256.multiply(3), minus)) == await p256.affine(two)
    assert (await p256.combine(1, p256.G, 1, minus))[2] == 0
    assert (await p256.combine(0, p256.G, 0, p256.G))[2] == 0


async def test_inverses():
    for a in (1, 2, 3, p256.P - 1, D):
        assert a * await p256.inverse(a, p256.P) % p256.P == 1


def test_random_scalars_are_in_range_and_new():
    scalars = [p256.random_scalar() for _ in range(20)]
    assert len(set(scalars)) == 20 and all(0 < d < p256.N for d in scalars)
    assert max(scalars) >> 250 and len({d & 0xFF for d in scalars}) > 5


def test_integers():
    for value, der in (
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (256, "02020100"),
        (-128, "020180"),
        (-129, "0202ff7f"),
        (1 << 64, "0209010000000000000000"),
    ):
        assert Reader(unhexlify(der)).integer() == value
        if value >= 0:
            assert integer(value) == unhexlify(der)
    for der in ("0200", "02020001", "0202ffff", "0202ff80", "0302", "", "02", "0201", "028101ff", "02820001ff"):
        assert refuses(Reader(unhexlify(der)).integer), der


def test_lengths():
    for length in (0, 127, 128, 255, 256, 65535):
        der = element(0x04, bytes(length))
        assert len(Reader(der).content(0x04)) == length
        assert refuses(Reader(der[:-1]).content, 0x04)
        assert refuses(Reader(der).content, 0x05)
    assert refuses(element, 0x04, bytes(65536))
    for der in ("0480", "048100", "04817f", "0482007f", "048200ff", "0484000000ff", "04ff"):
        assert refuses(Reader(unhexlify(der) + bytes(300)).content, 0x04), der


def test_readers_end_where_they_should():
    assert refuses(reader, unhexlify("300000"))
    parts = reader(unhexlify("3006020101020102"))
    assert parts.integer() == 1
    assert refuses(parts.done)
    assert parts.integer() == 2 and parts.tag() == -1
    parts.done()
    assert refuses(parts.integer) and refuses(parts.raw)
    # an element that is longer than the one around it, though not than all there is
    outer = Reader(unhexlify("300302030101") + bytes(8))
    assert refuses(outer.enter(0x30).integer)


def test_booleans_and_bits():
    assert Reader(unhexlify("0101ff")).boolean() is True
    assert Reader(unhexlify("010100")).boolean() is False
    for der in ("010101", "0100", "01020000"):
        assert refuses(Reader(unhexlify(der)).boolean)
    assert Reader(unhexlify("03020080")).bits() == b"\x80"
    for der in ("0300", "03020780"):
        assert refuses(Reader(unhexlify(der)).bits)


def test_times():
    for tag, text, utc in (
        (0x17, b"700101000000Z", 0),
        (0x17, b"260131235959Z", 1769903999),
        (0x17, b"491231235959Z", 2524607999),
        (0x17, b"500101000000Z", -631152000),
        (0x18, b"20500101000000Z", 2524608000),
        (0x18, b"99991231235959Z", 253402300799),
        (0x17, b"240229120000Z", 1709208000),
    ):
        assert names.time(Reader(element(tag, text))) == utc, text
    for tag, text in (
        (0x17, b"7001010000Z"),
        (0x17, b"700101000000+0100"),
        (0x17, b"70010100000-Z"),
        (0x17, b"701301000000Z"),
        (0x17, b"230229000000Z"),
        (0x17, b"700100000000Z"),
        (0x17, b"700101240000Z"),
        (0x17, b"700101006000Z"),
        (0x18, b"20500101000000.5Z"),
        (0x18, b"700101000000Z"),
        (0x0C, b"700101000000Z"),
        (0x17, b""),
    ):
        assert refuses(names.time, Reader(element(tag, text))), text


def test_names():
    name = names.name((names.COUNTRY, "DE"), (names.SERIAL_NUMBER, "#1"), (names.COMMON_NAME, "Gerät"))
    assert names.text_of(name, names.COMMON_NAME) == "Gerät"
    assert names.text_of(name, names.SERIAL_NUMBER) == "#1"
    assert names.text_of(name, names.ORGANIZATION) is None
    assert hexlify(name[:15]) == b"30" + hexlify(bytes((len(name) - 2,))) + b"310b3009060355040613024445"
    assert names.text_of(names.name(), names.COMMON_NAME) is None
