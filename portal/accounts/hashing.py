"""Passphrases as Argon2id and tokens as SHA-256: what is on record opens nothing by itself."""

import hashlib
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.infra.settings import settings


def hashed(passphrase: str) -> str:
    """Argon2id with the settings' cost. Takes a tenth of a second: never in a transaction."""
    return _hasher().hash(passphrase)


def fits(passphrase_hash: str, passphrase: str) -> bool:
    """Whether `passphrase` is the one. Without a hash it takes just as long to say no."""
    try:
        return _hasher().verify(passphrase_hash or _nobodys(_cost()), passphrase) and bool(
            passphrase_hash
        )
    except (VerificationError, InvalidHashError):
        return False


def outdated(passphrase_hash: str) -> bool:
    """Whether it was made with another cost than today's."""
    return _hasher().check_needs_rehash(passphrase_hash)


def new_token() -> str:
    """43 characters, 256 bits from the system: for sessions and links."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token; nothing slow is needed against guessing 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _cost() -> tuple[int, int, int]:
    cost = settings()
    return cost.argon2_memory, cost.argon2_passes, cost.argon2_lanes


def _hasher() -> PasswordHasher:
    memory, passes, lanes = _cost()
    return PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)


@lru_cache(maxsize=4)
def _nobodys(_cost: tuple[int, int, int]) -> str:
    """A hash that fits nothing anybody will type."""
    return hashed(secrets.token_hex(32))
