"""What is JSON (RFC 8259), as MicroPython's json alone does not tell; test_corpus.py has thousands more."""

import json
import micropython
import random

from components.ocpp import json_text
from core.plain import plain

KINDS = [plain("components.ocpp.json_bytes").well_formed]
try:
    from components.ocpp.json_bytes import well_formed

    KINDS.append(well_formed)
except SyntaxError:  # an interpreter without a native emitter: then json_text must have taken the other
    pass

GOOD = (
    "[]", "{}", ' [ 1 , 2 ] ', '\t{"a" :\r\n"b"}', '[2,"id","Reset",{"type":"Soft"}]', "[0,-0,10,-1.5,2e3,2E+3,0.1e-7]",
    '["\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"]', '["é😀\x7f"]', "[true,false,null,{}]", '{"":{"a":[[],[{}]]}}', "[[[[]]]]",
    "[123456789012345678901234567890]", "[" * 512 + "]" * 512,
)  # fmt: skip
BAD = (
    "", " ", "[", "]", "[]]", "[1}", '{"a"]', '{"a"}', '{"a":}', '{"a":1,}', "{1:2}", "{null:1}", '{"a","b"}',
    '{"a" "b"}', '{"a":1 "b":2}', "[1 2]", "[1,]", "[,1]", "[1,,2]", "[:]", "[01]", "[-01]", "[-]", "[1.]", "[.5]",
    "[+1]", "[1e]", "[1e+]", "[1e5.5]", "[1.5.5]", '["a""b"]', '["a"1]', "[1[]]", '["\n"]', '["\t"]', '["\x00"]',
    '["\x1f"]', '["\\x"]', '["\\"]', '["', "['a']", "[NaN]", "[Infinity]", "[truefalse]", "[True]", "[1] 2",
    "[1],[2]", "// no\n[]", "[1]\x0c", "[" * 513 + "]" * 513,
)  # fmt: skip


def test_what_is_json_and_what_is_not():
    stack = bytearray(json_text.STACK)
    for text in GOOD:
        assert json_text.fits(text, stack), text
        assert json_text.load(text, stack) == json.loads(text)
    for text in BAD:
        assert not json_text.fits(text, stack), text


def test_both_variants_return_the_same():
    stack = bytearray(64)
    for text in GOOD + BAD:
        data = memoryview(text)
        arguments = (data, len(data), json_text._CLASSES, json_text._NEXT, stack)
        assert len({kind(*arguments) for kind in KINDS}) == 1, text
    for _ in range(2000):  # nearly right
        text = random.choice(GOOD[:-1] + BAD[:-1])
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice('[]{}:,"\\ 019-+.eEtfn/\n') + text[at + random.getrandbits(1) :]
        data = memoryview(text)
        arguments = (data, len(data), json_text._CLASSES, json_text._NEXT, stack)
        assert len({kind(*arguments) for kind in KINDS}) == 1, text


def test_the_fastest_that_runs_here_is_taken():
    assert json_text.well_formed is KINDS[-1] or len(KINDS) == 1


def test_reading_takes_nothing_from_the_heap():
    data, stack, tables = memoryview(GOOD[4] * 1), bytearray(64), (json_text._CLASSES, json_text._NEXT)
    micropython.heap_lock()
    fits = json_text.well_formed(data, len(data), tables[0], tables[1], stack)
    micropython.heap_unlock()
    assert fits


def test_what_json_itself_refuses_is_left_to_it():
    """The tables stay small because of this: if it no longer does, they have to grow."""
    for text in ("[tru]", "[nul]", "[truee]", "[fals]", '["\\u12"]'):
        try:
            json.loads(text)
        except ValueError:
            continue
        raise AssertionError(text)


def test_the_id_of_a_broken_call():
    broken = (
        ('[2,"abc","Reset",{', "abc"), ('[2,"abc"', "abc"), (' [ 2\t,\n"a b" ,', "a b"), ('[2,"","Reset"', ""),
        ('[2,"abc', None), ('[3,"abc",{', None), ('[2 "abc",', None), ('["2","abc"', None), ('[2,\'abc\',', None),
        ('[2,"a\\"c",', None), ('[2,"a\nc",', None), ('{"2":"abc"', None), ("[2,", None), ("", None), ("2", None),
        ('[22,"abc"', None), ('[2,5,"abc"', None), ('[2,"' + "x" * 80 + '",', None),
    )  # fmt: skip
    for text, message_id in broken:
        assert json_text.readable_id(text) == message_id, text
