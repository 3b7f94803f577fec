"""The DNS of the access point: written against RFC 1035, and asked over UDP by a resolver of our own."""

import asyncio
import os
import socket

from dns_peer import AAAA, A, DnsServer, encoded

from components.provisioning.dns import reply, serve
from udns import resolve

HERE = bytes((192, 168, 4, 1))


NAME = encoded("www.example.com")


def query(name=NAME, kind=A, flags=0x0100, counts=(1, 0, 0, 0), klass=1, tail=b""):
    head = b"\xab\xcd" + flags.to_bytes(2, "big")
    for count in counts:
        head += count.to_bytes(2, "big")
    return head + name + kind.to_bytes(2, "big") + klass.to_bytes(2, "big") + tail


def test_a_query_and_its_answer_byte_by_byte():
    asked = bytes((0xAB, 0xCD, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0)) + b"\3www\7example\3com\0" + bytes((0, 1, 0, 1))
    answer = bytes((0xAB, 0xCD, 0x85, 0, 0, 1, 0, 1, 0, 0, 0, 0)) + b"\3www\7example\3com\0" + bytes((0, 1, 0, 1))
    answer += bytes((0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 192, 168, 4, 1))
    assert reply(asked, HERE) == answer


def test_every_name_has_the_address_and_nothing_but_that():
    for name in ("connectivitycheck.gstatic.com", "captive.apple.com", "a", "x" * 63 + "." + "y" * 63):
        assert reply(query(encoded(name)), HERE)[-4:] == HERE
    assert reply(query(b"\0"), HERE)[-4:] == HERE  # the root
    assert reply(query(kind=255), HERE)[-4:] == HERE  # ANY
    for kind in (AAAA, 65, 15, 16, 6):  # HTTPS, MX, TXT, SOA: it has none, and that is no error
        answer = reply(query(kind=kind), HERE)
        assert answer[2:12] == bytes((0x85, 0, 0, 1, 0, 0, 0, 0, 0, 0)) and answer[12:] == query(kind=kind)[12:]
    assert reply(query(klass=3), HERE)[6:8] == b"\0\0"  # CHAOS
    assert reply(query(flags=0), HERE)[2] == 0x84  # recursion was not desired


def test_a_query_with_edns_is_answered_without():
    opt = b"\0\0\x29\x10\0\0\0\0\0\0\0"  # RFC 6891
    answer = reply(query(counts=(1, 0, 0, 1), tail=opt), HERE)
    assert answer[-4:] == HERE and answer[10:12] == b"\0\0"


def test_what_is_no_query_with_one_question_gets_no_answer():
    whole = query()
    for size in range(len(whole)):
        assert reply(whole[:size], HERE) is None, size
    for flags in (0x8180, 0x2800, 0x1000):  # an answer, UPDATE, STATUS
        assert reply(query(flags=flags), HERE) is None
    for counts in ((0, 0, 0, 0), (2, 0, 0, 0), (257, 0, 0, 0), (1, 1, 0, 0)):
        assert reply(query(counts=counts), HERE) is None, counts
    for name in (b"\xc0\x0c", b"\x40" + b"x" * 64 + b"\0", b"\xff" * 300, (b"\x3f" + b"x" * 63) * 4 + b"\0"):
        assert reply(query(name), HERE) is None, name


def test_random_bytes_are_survived():
    for size in range(0, 512, 7):
        for _ in range(4):
            answer = reply(os.urandom(size), HERE)
            assert answer is None or len(answer) <= size + 16


async def test_it_answers_over_udp_and_goes_on_after_rubbish():
    probe = DnsServer(lambda query: [])  # finds a port that is free
    probe.socket.close()
    task = asyncio.create_task(serve("127.0.0.1", probe.port))
    await asyncio.sleep_ms(0)
    rubbish = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there = socket.getaddrinfo("127.0.0.1", probe.port, 0, socket.SOCK_DGRAM)[0][-1]
    for size in (0, 1, 12, 100, 512, 1400):
        rubbish.sendto(os.urandom(size), there)
    for name in ("www.example.com", "captive.apple.com"):
        assert await resolve(name, (probe.place,)) == "127.0.0.1"
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    rubbish.close()
    again = asyncio.create_task(serve("127.0.0.1", probe.port))  # its port was closed
    await asyncio.sleep_ms(10)
    assert not again.done()
    again.cancel()
