"""Values of settings as they are typed and shown."""

import json

from core.text import bare_url


def shown(value, secret):
    """The value of a setting to be shown; a secret is hidden."""
    if secret:
        return "***"
    if not isinstance(value, str):
        return repr(value)
    return bare_url(value) if "://" in value else value or '""'


def parsed(kind, text):
    """What was typed, as a value for an option of this type if it can be one; else as text."""
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            return text
    try:
        if kind is bool:
            return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        return text


def described_option(spec, given):
    """An option's type, bounds and default as text."""
    text = {str: "text", int: "whole number", bool: "true or false"}.get(spec[0], "number")
    if len(spec) == 3:
        text = "one of " + ", ".join([str(choice) for choice in spec[2]])
    elif len(spec) == 4:
        text += ", %s to %s%s" % (spec[2], spec[3], " characters" if spec[0] is str else "")
    if given is ...:
        return text + "; required"
    if isinstance(given, bool):
        given = "true" if given else "false"
    return text + ("; default " + str(given) if given != "" else "")
