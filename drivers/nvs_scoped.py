"""The store in NVS as what is inside a scope of the board has it."""


class ScopedNvs:
    """A view of `Nvs` in which every key stands under the scope's name: "register" is "1/register".

    first: that is the first scope of its board. Its keys may be there without a name before them, from the time when
    the board had one outlet and no scopes: such a one is read until it is written anew, and then deleted.
    """

    def __init__(self, nvs, scope, first):
        self._nvs = nvs
        self._prefix = scope + "/"
        self._first = first
        self._moved = ()  # keys that are not there any more without the scope's name

    def key(self, name):
        """The full name of a key."""
        return self._prefix + name

    def get(self, key, default=None):
        value = self._nvs.get(self._prefix + key)
        if value is None and self._first:
            value = self._nvs.get(key)
        return default if value is None else value

    def get_number(self, key):
        """What only grows: the larger of the number here and that of a board without scopes, whichever was last."""
        number = self._nvs.get_number(self._prefix + key)
        former = self._nvs.get_number(key) if self._first else None
        return former if number is None or (former is not None and former > number) else number

    def put_number(self, key, number):
        self._nvs.put_number(self._prefix + key, number)
        self._move((key,))

    def put(self, key, value):
        self.commit({key: value})

    def delete(self, key):
        self.commit({key: None})

    def commit(self, values):
        self._nvs.commit({self._prefix + key: values[key] for key in values})
        self._move(values)

    def _move(self, keys):
        """A cut before this leaves both: then the new one is read."""
        for key in keys if self._first else ():
            if key not in self._moved:
                self._nvs.delete(key)
                self._moved += (key,)
