"""What goes wrong between the client and a server."""


class HttpError(Exception):
    """The server cannot be reached, breaks off, is too slow, or its answer is no valid HTTP; the text names which."""
