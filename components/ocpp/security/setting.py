"""The AuthorizationKey and the SecurityProfile are set: loaded for that. `credentials` is the Credentials."""

import binascii
import hashlib
from micropython import const

_KEY_MIN = const(16)  # bytes
_KEY_MAX = const(40)  # characters
# security profiles
_BASIC = const(1)
_TLS = const(2)
_CLIENT = const(3)
_PROFILE = const(0)  # in a candidate


def check(url, id, auth_key, url_tls, profile):
    """The URL from security profile 2 on, by the settings, "" without any. Raises ValueError for those that do not go
    together.
    """
    from ..urls import url_of

    if "://" not in url and not url_tls:
        url = ""  # whoever dials it says what is wrong with it
    url = url and url_of(url_tls or "wss" + url[url.index("://") :], id)
    if url_tls and not url_tls.startswith("wss://"):
        raise ValueError("option 'url_tls': it must begin with wss://")
    if profile in (_BASIC, _TLS) and not auth_key:
        raise ValueError("option 'profile': %d needs an auth_key" % profile)
    return url


def take_key(credentials, key):
    """AuthorizationKey; returns whether to connect anew. Raises ValueError with a refusal, or the store's Error."""
    forms = forms_of(key)
    if not forms:
        raise ValueError("it has %d to %d printable ASCII characters" % (_KEY_MIN, _KEY_MAX))
    profile, former, _ = credentials.trial or credentials.working
    if key == former:
        return False
    if profile == _CLIENT and credentials.trial is not None:  # it shall be possible to go back
        raise ValueError("security profile 3 is on trial")
    if profile == _CLIENT:  # it is not used there: there is nothing to try
        credentials.commit([credentials.working[_PROFILE], key, forms], None)
        return False
    credentials.commit(credentials.working, [max(profile, _BASIC), key, forms])
    return True


def take_profile(credentials, profile):
    """SecurityProfile; returns whether to connect anew. Raises ValueError with a refusal, or the store's Error."""
    present, key, forms = credentials.trial or credentials.working
    if profile == present:
        return False
    lacks = (
        "it is lower" if profile < max(present, credentials.working[_PROFILE]) else _lacks(credentials, profile, key)
    )
    if lacks:
        raise ValueError(lacks)
    credentials.commit(credentials.working, [profile, key, forms])
    return True


def _lacks(credentials, profile, key):
    """What a security profile needs and we have not, or ""."""
    if profile in (_BASIC, _TLS) and not key:
        return "no AuthorizationKey"
    if profile >= _TLS and not credentials.trust.has_root():
        return "no root certificate of the central system"
    if profile == _CLIENT and not credentials.trust.has_client():
        return "no certificate of our own"
    return ""


def forms_of(key):
    """In which forms a key may be sent, the likeliest first; "" if it is no AuthorizationKey.

    It has 16 to 40 characters of ASCII; 32 to 40 hexadecimal digits may stand for 16 to 20 bytes.
    """
    if not _KEY_MIN <= len(key) <= _KEY_MAX or any(not " " <= char <= "~" for char in key):
        return ""
    is_hex = len(key) >= 2 * _KEY_MIN and len(key) % 2 == 0
    return "xt" if is_hex and all(char in "0123456789abcdefABCDEF" for char in key) else "t"


def fingerprint(*settings):
    """Tells whether these are the settings that something was written under, and tells nothing else."""
    return binascii.hexlify(hashlib.sha256(repr(settings).encode()).digest()[:8]).decode()
