"""What limits the current from outside, and which of it rules; loaded while it is read."""

_OCPP = "OCPP"


def rows(operator):
    """List of the limits, see `components.operator`: those of the budget, and what the central system permits."""
    found = operator.budget.limits() if operator.budget is not None else []
    for outlet in operator.station.outlets:
        ma = outlet.transactions.limit_ma
        if ma < outlet.evse.module.max_current_ma:
            row = {"source": _OCPP, "outlet": outlet.id, "ma": ma}
            row["left_ms"] = row["fail_safe_ma"] = None
            found.append(row)
    for row in found:
        row["rules"] = False
    for outlet in operator.station.outlets:
        row = ruling(found, outlet)
        if row is not None:
            row["rules"] = True
    return found


def ruling(found, outlet):
    """The one of the limits that rules at an outlet, or None: the lowest, the outlet's own if there are several."""
    least, most = None, outlet.evse.module.max_current_ma
    for row in found:
        if row["outlet"] in (0, outlet.id) and row["ma"] < most:
            least, most = row, row["ma"]
        elif least is not None and row["outlet"] == outlet.id and row["ma"] == most and not least["outlet"]:
            least = row
    return least


def words(operator, outlet):
    """What limits an outlet, in words, as it is to be shown; "" if nothing does."""
    shown = outlet.connector.limit()
    row = ruling(rows(operator), outlet)
    if row is None or row["source"] == _OCPP:
        return shown
    text = "limited to %s A by %s" % (amperes(row["ma"]), row["source"])
    if row["left_ms"] == 0:
        text += ", whose life time is over"
    elif row["left_ms"] is not None:
        text += ", %d s left" % ((row["left_ms"] + 999) // 1000)
    return text + (", " + shown if shown else "")


def amperes(ma):
    """A current in A, as short as it can be."""
    text = "%d.%03d" % (ma // 1000, ma % 1000)
    return text.rstrip("0").rstrip(".")
