"""Which files the charge log has."""

import os


def segments(folder):
    """The numbers of the segments, in their order."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted([int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit()])


def path_of(folder, segment):
    """Where a segment is."""
    return "%s/%d.log" % (folder, segment)


def bytes_of(folder, segment):
    """How many bytes it has; 0 if it is not there any more."""
    try:
        return os.stat(path_of(folder, segment))[6]
    except OSError:
        return 0


def count(folder, keep, size):
    """How many sessions of `size` bytes there are to be read, as far as the files' sizes tell."""
    return min(keep, sum([bytes_of(folder, segment) // size for segment in segments(folder)]))
