"""Counting tries, so that guessing takes longer and longer and nobody is locked out for good."""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from portal.accounts.models import Tries
from portal.accounts.rules import ALLOWANCES, tries_left_over, wait_after
from portal.infra.small_secrets import fingerprint
from portal.kernel.problems import Refused
from portal.kernel.text import N_, Said

SECONDS = N_("There were too many tries. Wait %(count)s seconds and try again.")
MINUTES = N_("There were too many tries. Wait %(count)s minutes and try again.")


class TooSoon(Refused):
    """The wait after the tries before is not over; `wait` is what remains of it."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, ceil(wait.total_seconds()))
        few = seconds < 100
        said = Said(SECONDS, count=seconds) if few else Said(MINUTES, count=ceil(seconds / 60))
        super().__init__(said)
        self.seconds = seconds


def count_try(db: Session, kind: str, key: str, now: datetime) -> None:
    """Count one more try before it is looked at: of many at once none slips through.

    Raises:
        TooSoon: this one is not looked at, and not counted.
    """
    tries, allowance = _row(db, kind, key, now), ALLOWANCES[kind]
    left = tries_left_over(tries.count, tries.last_at, now, allowance)
    wait = wait_after(left, allowance)
    # Of requests at the same moment the later one may have read its clock earlier.
    if wait and tries.last_at + wait > now:
        raise TooSoon(tries.last_at + wait - now)
    tries.count, tries.last_at = left + 1, max(now, tries.last_at)
    db.add(tries)
    db.flush()


def count_sign_in(db: Session, *, email: str, network: str, now: datetime) -> None:
    """Count a passphrase given for the account, there or not, from the network address.

    What is counted in twos is locked in one order everywhere, or two people at once would
    wait for each other: the network before what many networks may ask for.

    Raises:
        TooSoon: too many came before.
    """
    count_try(db, "address", network, now)
    count_try(db, "account", email, now)


def count_mail(db: Session, *, email: str, network: str, now: datetime) -> None:
    """Count a mail asked for, by the network that asks and by its recipient; in that order.

    Raises:
        TooSoon: too many lately.
    """
    count_try(db, "writer", network, now)
    count_try(db, "mail", email, now)


def forget_tries(db: Session, kind: str, key: str) -> None:
    """It was the right person after all."""
    if tries := db.get(Tries, _name(kind, key), with_for_update=True):
        tries.count = 0
        db.add(tries)


def forgive_try(db: Session, kind: str, key: str) -> None:
    """The last try was right: it alone is taken back, others came from the same place."""
    if tries := db.get(Tries, _name(kind, key), with_for_update=True):
        tries.count = max(0, tries.count - 1)
        db.add(tries)


def _row(db: Session, kind: str, key: str, now: datetime) -> Tries:
    name = _name(kind, key)
    if found := db.get(Tries, name, with_for_update=True):
        return found
    try:
        with db.begin_nested():
            db.add(Tries(key=name, last_at=now))
    except IntegrityError:
        pass  # Another request made the row a moment ago; it is read and locked below.
    return db.get_one(Tries, name, with_for_update=True, populate_existing=True)


def _name(kind: str, key: str) -> str:
    return fingerprint(f"tries of {kind}", key)
