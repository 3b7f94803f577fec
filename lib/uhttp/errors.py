"""What goes wrong between the client and a server."""


class HttpError(Exception):
    """The server cannot be reached, breaks off, is too slow, or what it says is no valid HTTP; the text says which."""
