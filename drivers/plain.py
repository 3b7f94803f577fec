"""Machine code as plain Python, for firmware that runs from source on a MicroPython without native code."""

import sys


class _Module:
    pass


def plain(name):
    """What a module defines, without the decorators that make machine code of its functions.

    Those say how fast they are, not what they do. An image is made without them where it is to run without machine code
    (tools/selection.py); what runs from source imports the module, and takes this after the SyntaxError.
    """
    package, _, file_name = name.rpartition(".")
    with open("%s/%s.py" % (sys.modules[package].__path__, file_name)) as file:
        source = file.read()
    names = {"__name__": name}
    exec(without_machine_code(source), names)
    module = _Module()
    for name in names:
        setattr(module, name, names[name])
    return module


def without_machine_code(source):
    """The text of a module in which functions for ``micropython.viper`` are plain ones.

    Annotations mean nothing to MicroPython but there; a pointer to bytes is indexed as the bytes are.
    """
    for text in ("@micropython.viper\n", "ptr8(", "ptr16(", "ptr32("):
        source = source.replace(text, "(" if text.endswith("(") else "")
    return source
