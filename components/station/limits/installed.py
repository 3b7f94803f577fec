"""The charging profiles that are installed, in RAM and in the journal (OCPP 1.6, sections 5.4 and 5.16)."""

from . import STORED
from .profile import TX, Profile, Refused


class Installed:
    """``profiles`` is a list in the order of their ranks; it is replaced, never changed in place."""

    def __init__(self, store, log, most):
        self.profiles = []
        self._store = store
        self._log = log
        self._most = most

    def load(self, numbers):
        """Read the journal. TxProfiles of transactions whose numbers are not among `numbers` are over: dropped."""
        profiles, dropped = [], {}
        for key in self._store.keys(STORED):
            try:
                profile = Profile(self._store.get(key))
            except (ValueError, TypeError, IndexError) as e:
                self._log.warning("stored charging profile %s is not valid: %s", key[len(STORED) :], str(e))
                dropped[key] = None
                continue
            if profile.purpose == TX and profile.number not in numbers:
                dropped[key] = None
            else:
                profiles.append(profile)
        self._set(profiles)
        if dropped:
            self._commit(dropped)

    def plan(self, profile, most=None):
        """(the profiles as they are with this one, what is to be journaled for that). Raises Refused: no room."""
        kept = [other for other in self.profiles if not profile.replaces(other)]
        if len(kept) >= (self._most if most is None else most):
            raise Refused("%d profiles are installed" % len(kept))
        changes = {STORED + str(other.id): None for other in self.profiles if profile.replaces(other)}
        changes[STORED + str(profile.id)] = profile.record()
        return kept + [profile], changes

    def add(self, profile, most=None):
        """Install a profile; it takes the place of those that it replaces. Raises Refused, the store's Error."""
        profiles, changes = self.plan(profile, most)
        if len(changes) > 1 or self._store.get(STORED + str(profile.id)) != profile.record():
            self._store.commit(changes)
        self._set(profiles)

    def adopt(self, profiles):
        """What `plan` returned is journaled."""
        self._set(profiles)

    def remove(self, fits):
        """Remove the profiles for which ``fits(profile)``; returns how many. Raises the store's Error."""
        gone = [profile for profile in self.profiles if fits(profile)]
        if gone:
            self._store.commit({STORED + str(profile.id): None for profile in gone})
            self._set([profile for profile in self.profiles if profile not in gone])
        return len(gone)

    def discard(self, fits):
        """Remove what no longer counts; where the journal refuses, it is out of RAM and goes at the next start."""
        gone = {STORED + str(profile.id): None for profile in self.profiles if fits(profile)}
        if gone:
            self._set([profile for profile in self.profiles if not fits(profile)])
            self._commit(gone)

    def _commit(self, changes):
        try:
            self._store.commit(changes)
        except self._store.Error as e:
            self._log.rare("charging profiles cannot be removed from the journal: %s", str(e))

    def _set(self, profiles):
        profiles.sort(key=lambda profile: profile.rank())
        self.profiles = profiles
