"""The store as what is inside a scope of the board has it."""


class Scoped:
    """A view of the store in which every key and queue stands under the scope's name: "register" is "1/register".

    `key` is the full name, for changes that are journaled in another component's commit. All else is the store's own.

    first: that is the first scope of its board. Its keys may be there without a name before them, from the time when
    the board had one outlet and no scopes: such a one is read until it is set anew, which deletes it in that commit.
    """

    def __init__(self, store, scope, first):
        self._store = store
        self.scope = scope
        self._first = first

    def __getattr__(self, name):
        return getattr(self._store, name)

    def key(self, name):
        return self.scope + "/" + name

    def vital(self, key, words):
        self._store.vital(self.key(key), words)

    def get(self, key, default=None):
        value = self._store.get(self.key(key))
        if value is None and self._first:
            value = self._store.get(key)
        return default if value is None else value

    def keys(self, prefix=""):
        """Those that begin with `prefix`, sorted; of a former board without scopes only with a prefix."""
        found = [key[len(self.key("")) :] for key in self._store.keys(self.key(prefix))]
        if self._first and prefix:
            found = sorted(set(found + self._store.keys(prefix)))
        return found

    def queue(self, name):
        return self._store.queue(self.key(name))

    def put(self, key, value):
        self._store.put(self.key(key), value)

    def delete(self, key):
        if self.get(key) is not None:
            self.put(key, None)

    def commit(self, changes=None, push=(), pop=(), drop=()):
        at = self.key("")
        self._store.commit(
            {at + key: changes[key] for key in changes or ()},
            [(at + name, entry) for name, entry in push],
            [at + name for name in pop],
            [(at + name, index) for name, index in drop],
        )

    def adopt(self, record):
        """What a commit sets in the first scope takes the place of what was set before the board had scopes."""
        changes = record.get("s", ())
        own = self.key("")
        former = [key[len(own) :] for key in changes if key.startswith(own)]
        gone = {key: None for key in former if key in self._store.index.offsets and key not in changes}
        if gone:
            for key in changes:
                gone[key] = changes[key]
            record["s"] = gone


def moved(index, mark, scope):
    """What is to be journaled where the first scope of the board is another one than the journal's, as `mark` shows.

    Of a journal with scopes all that stands under the name of the first goes along to the new name, or has none where
    the board has no scopes. (What stands without a name may be of what is outside: `Scoped` moves that piece by piece.)
    """
    former = index.get(mark, "")
    changes = {mark: scope or None}
    for key in [key for key in index.offsets if former and key.startswith(former + "/")]:
        name = key[len(former) + 1 :]
        changes[key] = None
        changes[scope + "/" + name if scope else name] = index.get(key)
    return changes
