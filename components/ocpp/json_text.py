"""Whether a text is JSON (RFC 8259).

MicroPython's json alone takes ``[1 2}`` and ``{"a":}`` for JSON: to it commas and colons are blanks, every closing
bracket fits, and 01 and ``"\\x"`` are a number and a string. A command must not be carried out because somebody guessed
what it may have been. What is refused there anyway is not looked at here: misspelt literals, and what follows ``\\u``.

A machine with 19 states reads the bytes. _CLASSES maps a byte below 128 to a column of _NEXT (the others are in the
first), _NEXT has a row for each state. In both A stands for 0, B for 1 and so on. A to S is the next state; U and V go
into an object and an array, W and X leave them, Y is a comma, and _ is wrong.
"""

import json
from micropython import const

from core.loading import unload

try:
    from .json_bytes import well_formed
except SyntaxError:  # from source, without native code
    from core.plain import plain

    well_formed = plain("components.ocpp.json_bytes").well_formed

_HEAD = const(64)  # characters, among which is the id of a CALL
_ID_MAX = const(36)  # section 4.1.4
_SECRET_CHARS = const(400)  # what is shown of a message is nothing of a secret if this much does not name it
STACK = const(64)  # bytes: a bit for each level of nesting

# others, controls, blank, other blanks, ", \\, {, [, }, ], :, comma, 0, 1-9, -, ., +, e, t f n, b r u /
_CLASSES = (
    b"BBBBBBBBBDDBBDBBBBBBBBBBBBBBBBBBCAEAAAAAAAAQLOPTMNNNNNNNNNKAAAAA"
    b"AAAAARAAAAAAAAAAAAAAAAAAAAAHFJAAAATAARSAAAAAAASAAATASTAAAAAGAIAA"
)
_NEXT = (
    b"__AAG_UV____LMK___S_"  # a value is due
    b"__BBG_UV_X__LMK___S_"  # a value or ]
    b"__CCI___W___________"  # a member or }
    b"__DDI_______________"  # a member
    b"__EE______A_________"  # a colon
    b"__FF____WX_Y________"  # a comma or the end of what is around
    b"G_G_FHGGGGGGGGGGGGGG"  # in a string
    b"____GG____________GG"  # after its \
    b"I_I_EJIIIIIIIIIIIIII"  # in a member's name
    b"____II____________II"  # after its \
    b"____________LM______"  # after -
    b"__FF____WX_Y___N_P__"  # after 0
    b"__FF____WX_YMM_N_P__"  # in an integer
    b"____________OO______"  # after its point
    b"__FF____WX_YOO___P__"  # in a fraction
    b"____________RRQ_Q___"  # after e
    b"____________RR______"  # after its sign
    b"__FF____WX_YRR______"  # in an exponent
    b"S_FF____WX_Y_____S_S"  # in true, false or null: none has t, f or n but as its first letter
)


def fits(text, stack):
    """Whether a str is JSON, as far as json itself does not tell; nested deeper than 512 levels it is none. `stack`:
    STACK bytes of scratch.
    """
    data = memoryview(text)
    return bool(well_formed(data, len(data), _CLASSES, _NEXT, stack))  # type: ignore[arg-type]


def load(text, stack):
    """What a text says, as json.loads; raises ValueError, MemoryError."""
    if not fits(text, stack):
        raise ValueError("no JSON")
    if "\\u" in text:
        from core.surrogates import combined

        unload("core.surrogates")
        text = combined(text)
    return json.loads(text)


def readable_id(text):
    """The message id of a text that is to be a CALL and is no JSON, or None."""
    head = text[:_HEAD].lstrip()
    for due in "[2,":
        if not head.startswith(due):
            return None
        head = head[1:].lstrip()
    message_id, quote, _ = head[1:].partition('"')
    plain = head.startswith('"') and quote and "\\" not in message_id
    return message_id if plain and all(char >= " " for char in message_id) else None


def is_id(value):
    """Is it a message id? OCPP-J 1.6, section 4.1.4."""
    return isinstance(value, str) and 0 < len(value) <= _ID_MAX


def shown(text):
    """The beginning of a message, for the log; nothing of one that may set the AuthorizationKey."""
    return "(not shown)" if "authorizationkey" in text[:_SECRET_CHARS].lower() else text[:80]
