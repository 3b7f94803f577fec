"""What is read of the charge log; loaded while it is read."""

from micropython import const

from components.charge_log.files import bytes_of, path_of, segments
from components.charge_log.record import SIZE, is_sound, row

_READ = const(8)  # records at a time
_COLUMNS = const((
    "number", "outlet", "id_tag", "start", "stop", "wh", "max_w", "reason", "refused", "offline", "start_uptime_s",
    "stop_uptime_s",
))  # fmt: skip


class Table:
    """What is in the log, of which the last `keep` sessions are shown."""

    def __init__(self, folder, keep):
        self._of = folder, keep

    def rows(self, newest_first):
        """See `components.charge_log`."""
        return rows(*self._of, newest_first)

    def csv(self):
        """See `components.charge_log`."""
        return csv(*self._of)


def rows(folder, keep, newest_first):
    """Generator of the last `keep` sessions. No file is open between two of them."""
    present = segments(folder)
    passed = 0 if newest_first else max(0, sum([bytes_of(folder, segment) // SIZE for segment in present]) - keep)
    left = keep
    for segment in reversed(present) if newest_first else present:
        size = bytes_of(folder, segment) // SIZE
        for at in reversed(range(0, size, _READ)) if newest_first else range(0, size, _READ):
            data = _read(folder, segment, at)
            order = range(0, len(data) - SIZE + 1, SIZE)
            for begin in reversed(order) if newest_first else order:
                one = data[begin : begin + SIZE]
                if passed:
                    passed -= 1
                elif left and is_sound(one):
                    left -= 1
                    yield row(one)


def _read(folder, segment, at):
    """Up to 8 records."""
    try:
        with open(path_of(folder, segment), "rb") as file:
            file.seek(at * SIZE)
            return file.read(_READ * SIZE)
    except OSError:
        return b""  # it is not there any more


def csv(folder, keep):
    """Generator of lines (RFC 4180), oldest first; times are ISO 8601, what is not known is empty."""
    yield ",".join(_COLUMNS) + "\r\n"
    for one in rows(folder, keep, False):
        yield ",".join([_field(one[column]) for column in _COLUMNS]) + "\r\n"


def _field(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if '"' in text or "," in text or "\r" in text or "\n" in text:
        return '"%s"' % text.replace('"', '""')
    return text
