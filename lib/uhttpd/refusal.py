"""What a request is refused with."""


class Refusal(Exception):
    """A request is to be answered with ``status``; ``word`` and the text say why.

    ``fields``: more of that answer's head; ``details``: more of what is wrong, a dict or ().
    """

    def __init__(self, status, word, text, fields=(), details=()):
        super().__init__(text)
        self.status = status
        self.word = word
        self.fields = fields
        self.details = details
