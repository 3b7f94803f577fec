"""Whether a board takes a settings.json: ``micropython check_settings.py ROOT BOARD SETTINGS``, inside MicroPython.

The firmware's own check, with the classes that the board names; nothing is built. Prints what is wrong, exit status 2.
"""

import sys

import stand_ins


def with_identity(board, settings):
    """The settings and, for what may be in the device's own store, something that is accepted in its place.

    Only what no default has, the board says may be set, and these settings leave out.
    """
    from core.board import entries, full_name
    from core.declare import load_class
    from core.options import section_of, sections

    if not hasattr(board, "IDENTITY"):
        return settings
    classes = {full_name(scope, entry): load_class(entry["use"]) for scope, entry in entries(board)}
    for section, keys in sections(board).items():
        for key, target in keys.items():
            name, _, option = target.partition(".")
            spec = getattr(classes.get(name), "options", {}).get(option, (str, ""))
            if spec[1] is ...:
                values = section_of(settings, section)
                if values is not None and key not in values:
                    values[key] = accepted(spec)
    return settings


def accepted(spec):
    """Some value that an option takes."""
    if len(spec) == 3:
        return spec[2][0]
    lowest = spec[2] if len(spec) == 4 else 1
    return "x" * lowest if spec[0] is str else spec[0](lowest)


def main(root, board, path):
    """The exit status."""
    stand_ins.install()
    sys.path[:0] = [root, root + "/lib"]
    from core.declare import DeclarationError, read
    from core.settings import read_settings

    try:
        module = __import__(board, None, None, ("NAME",))
        read(module, with_identity(module, read_settings(path)))
    except DeclarationError as e:
        print(e)
        return 2
    return 0


sys.exit(main(*sys.argv[1:]))
