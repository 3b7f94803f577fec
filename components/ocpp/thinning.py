"""What goes first when the queue of transaction messages gets full."""


def thin(store, name, log):
    """Drop every second of the MeterValues that wait in a queue (never the first message: it may be on its way).

    Returns how many were dropped. Raises the store's Error.
    """
    queue = store.queue(name)
    drop = []
    odd = False
    for index in range(1, len(queue)):
        if queue.get(index)[0] == "M":
            odd = not odd
            if odd:
                drop.append((name, index))
    drop.reverse()  # from the end, so that the other indexes stay right
    for at in range(0, len(drop), 200):
        store.commit(drop=tuple(drop[at : at + 200]))
    if drop:
        log.warning("%d of the MeterValues that wait were dropped for want of room", len(drop))
    return len(drop)
