"""settings.json: what the user of a device may set. Its keys are checked against the board's declaration."""

import errno
import json
import os

from core.declare import DeclarationError, load_class
from core.parts import error_text

MAX_BYTES = 8192


def read_settings(path):
    """The parsed settings, ``{}`` if there is no such file. Raises DeclarationError: not read, or no JSON object."""
    try:
        size = os.stat(path)[6]
        if size > MAX_BYTES:
            raise DeclarationError("settings: %s is longer than %d bytes" % (path, MAX_BYTES))
        with open(path) as file:
            text = file.read(size)  # the room that it takes, and not the most that it may
    except OSError as e:
        if e.errno == errno.ENOENT:
            return {}
        raise DeclarationError("settings: %s cannot be read: %s" % (path, error_text(e))).because(e)
    except UnicodeError:
        raise DeclarationError("settings: %s is not UTF-8" % path)
    try:
        whole = json.loads("[%s,0]" % text)  # MicroPython 1.25 alone would take an object that breaks off
        if len(whole) != 2:
            raise ValueError("truncated")
        settings = whole[0]
    except ValueError as e:
        raise DeclarationError("settings: %s is not JSON: %s" % (path, e))
    if not isinstance(settings, dict):
        raise DeclarationError("settings: %s is not a JSON object" % path)
    return settings


def lay_identity_over(settings, board):
    """Lay the device's identity over `settings`, where the board names a reader of it.

    ``IDENTITY = "package.module:function"`` of a board names ``function(SETTINGS) -> {section: {key: value}}``, nested
    as SETTINGS is, which may raise OSError. Raises DeclarationError.
    """
    reader = getattr(board, "IDENTITY", None)
    if reader is None:
        return settings
    try:
        identity = load_class(reader)(getattr(board, "SETTINGS", {}))
    except OSError as e:
        raise DeclarationError("board %s: identity: %s" % (board.NAME, e)).because(e)
    lay(identity, settings)
    return settings


def lay(identity, settings):
    """Lay one dictionary over another, section by section."""
    for key, value in identity.items():
        if isinstance(value, dict):
            within = settings.setdefault(key, {})
            if isinstance(within, dict):  # what is not gets its message from the check against the declaration
                lay(value, within)
        else:
            settings[key] = value
