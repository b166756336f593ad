"""Sealing small secrets (seeds of second factors, what somebody typed) and keyed fingerprints.

Keys are derived per purpose from the setting SEALING_KEY, so that what was sealed for one
purpose opens for no other.
"""

import base64
import hashlib
import hmac
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.infra.settings import settings


class NotOurs(ValueError):
    """What was to be opened was not sealed by us for this purpose, was changed, or is too old."""


def seal(purpose: str, secret: bytes) -> bytes:
    """`secret` encrypted and authenticated (Fernet), printable."""
    return _box(purpose).encrypt(secret)


def unseal(purpose: str, sealed: bytes, *, within: timedelta | None = None) -> bytes:
    """What was sealed for `purpose`, if it is not older than `within` in real time.

    Raises:
        NotOurs: sealed elsewhere, for something else, changed, or too long ago.
    """
    try:
        return _box(purpose).decrypt(sealed, int(within.total_seconds()) if within else None)
    except InvalidToken as error:
        raise NotOurs from error


def fingerprint(purpose: str, text: str) -> str:
    """A keyed hash of `text` (HMAC-SHA-256, hex): finds it again without telling what it is."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(purpose)))


def _key(purpose: str) -> bytes:
    own = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return own.derive(settings().secret("sealing_key").encode())
