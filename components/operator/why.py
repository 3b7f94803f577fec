"""Why an outlet charges, or does not: lines of text over the snapshot; loaded while they are read."""


def why(snapshot):
    """Generator of (0, lines of the station) and, for each outlet, (its id, lines)."""
    yield 0, _of_station(snapshot)
    for path in snapshot.outlets():
        yield int(path.partition("/")[2]), _of_outlet(snapshot, path)


def _of_station(snapshot):
    lines = []
    for path in snapshot.buses():
        error = snapshot[path]["error"]
        if error:
            name = path.partition("/")[2]
            lines.append("%s: %s" % ("CAN" if name == "can" else name, error))
    failure = snapshot["central"]["failure"]
    if failure:
        none = failure.startswith("no central system")
        lines.append(failure if none else "no central system: " + failure)
    return lines


def _of_outlet(snapshot, path):
    lines = []
    gate, outlet = snapshot[path + "/gate"], snapshot[path]
    for _, text, holds in gate["conditions"]:
        lines.append("%s  %s%s" % ("ok    " if holds else "BLOCKS", text, " (unknown)" if holds is None else ""))
    info = ", " + outlet["info"] if outlet["info"] else ""
    lines.append("connector %s: %s%s" % (path.partition("/")[2], outlet["state"], info))
    if outlet["limit"]:
        lines.append("limit: " + outlet["limit"])
    error = snapshot[path + "/module"]["error"]
    if error:
        lines.append("error: " + error)
    lines.append("charging is " + ("enabled" if gate["enabled"] else "disabled"))
    return lines
