"""The security profile and the AuthorizationKey, and which of them the next connection is made with (white paper
"Improved security for OCPP 1.6-J", use cases A01 and A05).

A candidate is ``[profile, key, forms]``. Forms say how the key is sent as the password: ``x`` the bytes that its
hexadecimal digits mean, as the white paper has it, ``t`` as text, which many a central system expects; of two forms
either is tried until one works. What the central system sets is on trial until a connection has been made with it;
until then the candidate that worked last is kept beside it, in the journal, and is tried in turn.
"""

import binascii
from micropython import const

from core.loading import unload

from ..access import REFUSED

# [which settings, candidate that works, candidate on trial or None]; key None: the settings'
_STATE = const("ocpp/access")
_PROFILE = const(0)
_KEY = const(1)
_FORMS = const(2)
_TRIES = const(3)  # attempts with a new profile before the former one has its turn

# security profiles
_NONE = const(0)
_BASIC = const(1)
_TLS = const(2)
_CLIENT = const(3)


class Credentials:
    """What is dialled and with what, in place of the `Access`. `on_change(text)` is called, with a text, when another
    candidate is in force.

    `before`: the Access by the settings. `url_tls`: "" or the URL from profile 2 on. `profile`: the one to begin with,
    -1: what the settings make of it.
    """

    def __init__(self, before, store, log, trust, url_tls, profile, on_change):
        url, self._id, auth_key = before.given
        self._store = store
        self._log = log
        self.trust = trust
        self._on_change = on_change
        self._url_plain = before.url
        from .setting import check, fingerprint, forms_of

        self._url_tls = check(url, self._id, auth_key, url_tls, profile)
        unload("components.ocpp.urls")
        unload("components.ocpp.access")
        unload("components.ocpp.security.setting")
        if profile < 0:
            profile = _NONE if not auth_key else _TLS if before.url.startswith("wss://") else _BASIC
        self._settings = fingerprint(url, url_tls, auth_key, profile)
        self._given_key = auth_key
        self.working = [profile, auth_key, "tx" if forms_of(auth_key) == "xt" else "t"]
        self.trial = None
        self._use_trial = False
        self._dialled = None  # the candidate of the attempt that is going on
        self._turn = 0  # which form of the candidate
        self._failures = 0  # of the candidate, since its turn began
        store.vital(_STATE, "the security profile")

    def start(self):
        """Read the journal. Other settings than those that it was written under count more than it does."""
        state = self._store.get(_STATE)
        if state is not None and state[0] == self._settings:
            self.working, self.trial = self._read(state[1]), self._read(state[2])
            self._use_trial = self.trial is not None
        elif state is not None:
            self._log.warning("the settings of the central system were changed: its AuthorizationKey is deleted")
            try:
                self._store.commit({_STATE: None, self._store.SCRUB: True})
            except OSError as e:  # it is forgotten all the same: by the next start at the latest
                self._log.error("that is not journaled: %s", e)

    def _put(self, working, trial):
        """A key is in the journal only if the settings do not have it; one that it had before is gone soon."""
        state = [self._settings, self._without_given(working), self._without_given(trial)]
        self._store.commit({_STATE: state, self._store.SCRUB: True})

    def _without_given(self, candidate):
        given = candidate is not None and candidate[_KEY] == self._given_key
        return [candidate[_PROFILE], None, candidate[_FORMS]] if given else candidate

    def _read(self, candidate):
        if candidate is not None and candidate[_KEY] is None:
            candidate[_KEY] = self._given_key
        return candidate

    # --- for the link -------------------------------------------------------------------------------------------

    def _candidate(self):
        return self.trial if self._use_trial else self.working

    @property
    def profile(self):
        """The security profile of the connection that is open, or being made."""
        return self._candidate()[_PROFILE]

    @property
    def url(self):
        return self._url_tls if self.profile >= _TLS else self._url_plain

    @property
    def auth(self):
        profile, key, forms = self._candidate()
        if not key or profile == _CLIENT:
            return None
        return self._id, binascii.unhexlify(key) if self._form(forms) == "x" else key

    def _form(self, forms):
        return forms[self._turn % len(forms)]

    @property
    def login(self):
        return self.profile in (_NONE, _CLIENT)

    @property
    def proven(self):
        """The security profile that a connection was made with."""
        return self.working[_PROFILE]

    def begin(self):
        self._dialled = self._candidate()

    def opened(self):
        profile, key, forms = candidate = self._candidate()
        if candidate is not self._dialled:  # set meanwhile
            return False
        form = self._form(forms)
        self._failures = 0
        if self.trial is None and forms == form:
            return True
        former, was_trial, on_trial = self.working, self._use_trial, self.trial is not None
        self.working, self.trial, self._use_trial, self._turn = [profile, key, form], None, False, 0
        self._write()
        if was_trial:
            self._log.info("the new credentials work: security profile %d", profile)
            if former[_PROFILE] != profile:
                self._on_change("SecurityProfile %d" % profile)
        elif on_trial:
            self._log.warning("the new credentials do not work: back to security profile %d", profile)
            self._on_change("fell back to the former credentials, SecurityProfile %d" % profile)
        return True

    def _write(self):
        try:
            self._put(self.working, self.trial)
        except OSError as e:  # they work all the same, and are found out anew after a restart
            self._log.rare("credentials not written: %s", e)

    def failed(self, event):
        if self._candidate() is not self._dialled:
            return
        self._failures += 1
        forms = self._candidate()[_FORMS]
        raises = self.trial is not None and self.trial[_PROFILE] != self.working[_PROFILE]
        if event == REFUSED:
            self._turn += 1
            tried = self._turn >= len(forms)
        else:
            tried = raises and self._failures >= _TRIES
        if not tried:
            return
        self._turn = self._failures = 0
        if self.trial is not None:
            self._use_trial = not self._use_trial
            self._log.warning("it is tried with the %s credentials", "new" if self._use_trial else "former")

    # --- for the configuration (see `setting`) ------------------------------------------------------------------

    def latest(self):
        """The security profile that was requested last."""
        return (self.trial or self.working)[_PROFILE]

    def commit(self, working, trial):
        """These are the candidates from now on. Raises the store's Error."""
        self._put(working, trial)
        self.working, self.trial, self._use_trial = working, trial, trial is not None
        self._turn = self._failures = 0
