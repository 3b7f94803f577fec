"""Characters beyond U+FFFF: what is sent must be UTF-8, whatever came."""

import json

from ocpp_site import booted

from core.surrogates import combined


def read(text):
    """The JSON text's value as UTF-8 bytes, after a way through json and back."""
    return json.dumps(json.loads(combined(text))).encode()


def test_pairs_become_one_character_and_halves_are_replaced():
    for text, expected in (
        (r'"plain"', "plain"),
        (r'"\u00e9\ud83d\ude00\n"', "é\U0001f600\\n"),
        (r'"\uD83D\uDE00x"', "\U0001f600x"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'"\ud83dx\ude00"', "\ufffdx\ufffd"),
        (r'"é\\ud83d\\\ude00"', "é\\\\ud83d\\\\\ufffd"),
        (r'"\udbff\udfff\ud800\udc00"', "\U0010ffff\U00010000"),
    ):
        assert read(text) == b'"' + expected.encode() + b'"', (text, read(text))


def test_what_is_no_json_stays_none():
    for text in (r'"\ud83', r'"\ud83d\u', r'"\udzzz"', '"\\ud83d\\', "\\ud83d", r'"\ud-01"', r'"\uL800"', r'"\u d8"'):
        try:
            json.loads(combined(text))
        except ValueError:
            continue
        raise AssertionError(text)


async def test_a_text_with_such_a_character_is_sent_back_as_it_is(tmp):
    """Or else the answer would end every connection: bytes that are no UTF-8."""
    site = await booted(tmp)
    await site.central.give(r'[2, "r1", "GetConfiguration", {"key": ["A\ud83d\ude00"]}]')
    await site.run(1000)
    assert site.central.results[-1][2]["unknownKey"][0].encode() == "A\U0001f600".encode()
