"""What the budget shows; loaded for that."""


def pieces(limits, shares, external, now_ms):
    """Generator of (name, text, data): the station's limits (name, value, text), each outlet, each limit of others."""
    yield (
        "station",
        "Budget of the station: " + ", ".join([text for _, _, text in limits]),
        {name: limit for name, limit, _ in limits},
    )
    for share in shares:
        words = "waits for its turn" if share.waits else "%(granted_ma)d mA of %(requested_ma)d mA"
        data = {"evse": share.evse.id, "granted_ma": share.granted, "requested_ma": share.requested_ma}
        data["counted_ma"], data["waits"] = share.counted, share.waits
        yield "evse/%d" % share.evse.id, "  evse %(evse)d: " + words + ", counts with %(counted_ma)d mA", data
    for piece in external_pieces(external, now_ms):
        yield piece


def external_pieces(external, now_ms):
    """Generator of (name, text, data) of the limits of others."""
    for source, evse, ma, until_ms in external:
        left_ms = None if until_ms is None else max(0, until_ms - now_ms)
        words = "  limit of %(source)s for %(place)s: %(ma)d mA"
        if until_ms is not None:
            words += ", for another %(left_ms)d ms" if left_ms else ", for its life time is over"
        place = "evse %d" % evse if evse else "the station"
        name = "limit/%s/%d" % (source, evse) if evse else "limit/" + source
        yield name, words, {"source": source, "evse": evse, "place": place, "ma": ma, "left_ms": left_ms}


def limits(external, fail_safe_ma, now_ms):
    """The limits of others as a list of dicts."""
    found = []
    for source, evse, ma, until_ms in external:
        row = {"source": source or "fail-safe", "outlet": evse, "ma": ma}
        row["left_ms"] = None if until_ms is None else max(0, until_ms - now_ms)
        row["fail_safe_ma"] = None if until_ms is None else fail_safe_ma
        found.append(row)
    return found
