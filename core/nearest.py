"""The name that is most like a mistyped one."""

from micropython import const

_WORD_MAX = const(40)  # characters: no name is longer


def nearest(word, names):
    """The one of `names` that `word` is a misspelling of, or "". Capitals make no difference.

    A misspelling differs in every third letter at most (Levenshtein's distance), and not in all of them.
    """
    word = word.lower()
    found = ""
    if len(word) <= _WORD_MAX:
        limit = min(len(word), 1 + (len(word) + 2) // 3)
        for name in names:
            distance = _distance(word, name.lower(), limit)
            if distance < limit:
                found, limit = name, distance
    return found


def did_you_mean(word, names):
    """``"; did you mean NAME?"`` for the nearest of `names`, or ""."""
    name = nearest(word, names)
    return "; did you mean %s?" % name if name else ""


def _distance(a, b, limit):
    """How many letters have to be put in, taken out or replaced to make `b` of `a`; `limit` if it is not below."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, other in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], min(diagonal + (letter != other), row[j] + 1, row[j + 1] + 1)
    return row[-1]
