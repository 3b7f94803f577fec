"""What is told of a bus: loaded when there is something to tell, and let go afterwards."""

from micropython import const

_TEXTS = const(
    (
        "%d unknown frames",
        "%d refused frames: too short, or values out of range",
        "%d pieces of garbage that are no frames",
        "%d frames not sent",
        "%d receive overruns",
        "%d stops of the vehicle answered by the interrupt",
    )
)


def tell(log, counts, told):
    """Log what has changed among unknown, refused, garbage, tx_dropped, rx_overruns and guard_stops."""
    for i in range(len(counts)):
        if counts[i] != told[i]:
            log.rare(_TEXTS[i], counts[i])
