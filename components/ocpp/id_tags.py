"""Authorize, and the idTagInfo of its answer and of those to transaction messages (OCPP 1.6, sections 4.1 and 7.27)."""

from core.isotime import parse_utc

from .rpc import CLOSED, TIMEOUT, Call

_ACCEPTED = "Accepted"
_INVALID = "Invalid"
_STATUSES = (_ACCEPTED, "Blocked", "Expired", _INVALID, "ConcurrentTx")


class IdTags:
    """Has the central system asked for the idTags that `authorization` wants to know of."""

    def __init__(self, authorization, log):
        self._authorization = authorization
        self._log = log

    def next_call(self):
        """The Authorize of the oldest that waits."""
        tag = self._authorization.asked()
        return None if tag is None else Call("Authorize", {"idTag": tag}, self._on_answer)

    def _on_answer(self, answer, error):
        if error in (TIMEOUT, CLOSED):
            self._authorization.unanswered()
        else:
            self._authorization.answered(None if error is not None else self.verdict(answer))

    def verdict(self, answer):
        """The idTagInfo of an answer as a verdict, see `Authorization`; None if it has none. An unknown status is
        Invalid.
        """
        info = answer.get("idTagInfo")
        if not isinstance(info, dict) or info.get("status") is None:
            return None
        status, parent = info["status"], info.get("parentIdTag")
        known = status if status in _STATUSES else _INVALID
        return known, self._expiry(info), parent if self._authorization.is_tag(parent) else None

    def _expiry(self, info):
        if info.get("expiryDate") is None:
            return 0
        try:
            return parse_utc(info["expiryDate"])
        except (TypeError, ValueError):
            self._log.rare("no usable expiryDate: %s", str(info["expiryDate"])[:40])
            return 0
