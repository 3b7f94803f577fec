"""The parameters of a query."""


def unquote(text):
    """A part of a path or query, with its escapes resolved. Raises ValueError."""
    parts = text.replace("+", " ").split("%")
    data = parts[0].encode()
    for part in parts[1:]:
        if len(part) < 2:
            raise ValueError("an escape that breaks off")
        data += bytes([int(part[:2], 16)]) + part[2:].encode()
    return str(data, "utf-8")


def query_value(query, name):
    """The value of a parameter of a query, None if there is none. Raises ValueError."""
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return unquote(value)
    return None
