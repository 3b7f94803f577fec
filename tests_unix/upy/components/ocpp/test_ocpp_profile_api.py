"""The page of what a profile may call, components/ocpp/README.md, names what is there."""

import re

from ocpp_site import Site

import components.ocpp

FIRMWARE = (("components.ocpp.firmware:Firmware", {}),)


def calls(text):
    """The dotted names that are called in it, as lists."""
    found = []
    for word in re.compile(r"[ `,]").split(text):
        name, parenthesis, _ = word.partition("(")
        if parenthesis and name.split(".")[0] in ("station", "ocpp", "firmware") and "." in name:
            found.append(name.split("."))
    return found


def test_every_call_of_the_page_is_a_method(tmp):
    with open(components.ocpp.__file__.rpartition("/")[0] + "/README.md") as file:
        text = file.read()
    begin = text.index("What a profile, or any other component")
    page = text[begin : text.index("\n## ", begin)]
    site = Site(tmp, profiles=FIRMWARE, services={"sink": None})
    roots = {"station": site.station, "ocpp": site.ocpp, "firmware": site.profiles[0]}
    named = calls(page)
    assert len(named) > 18, named
    for name in named:
        found = roots[name[0]]
        for part in name[1:]:
            found = getattr(found, part)
        assert callable(found), name
