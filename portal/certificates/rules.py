"""What holds of certificates: ways to a key, how long they last, when one may be used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.kernel.text import N_


class Way(StrEnum):
    """How the key came to be, the safest first."""

    CSR = "csr"
    BROWSER = "browser"
    PKCS12 = "pkcs12"


WAYS = {
    Way.CSR: N_("A signing request from your own system"),
    Way.BROWSER: N_("A key made in this browser"),
    Way.PKCS12: N_("A key made by us, fetched once with a code"),
}


class Reason(StrEnum):
    """Why a certificate was revoked; the words of RFC 5280 §5.3.1."""

    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


REASONS = {
    Reason.KEY_COMPROMISE: N_("The key may be in other hands: lost, copied or stolen"),
    Reason.SUPERSEDED: N_("A newer certificate has taken its place"),
    Reason.AFFILIATION_CHANGED: N_("The name or the owner of the place has changed"),
    Reason.CESSATION_OF_OPERATION: N_("The place is closed"),
    Reason.PRIVILEGE_WITHDRAWN: N_("The registration was suspended or cancelled"),
}

CHOSEN_BY_INSTITUTION = (Reason.KEY_COMPROMISE, Reason.SUPERSEDED)
"""The other reasons follow from what the Registration Office decides."""

BACKDATED = timedelta(hours=1)
"""A certificate begins this long before it is made: clocks of clinics are not exact."""
OVERLAP = timedelta(days=60)
"""How long before its end a certificate may be renewed without being asked why."""
REMINDERS = (60, 30, 14, 7, 1)
"""Days before the end of a certificate on which its institution is reminded."""
CRL_LASTS = timedelta(days=7)
CRL_EVERY = timedelta(hours=24)
"""At least so often the list is signed anew (Boulder's bound), far from its end."""


class Fault(StrEnum):
    """Why a certificate shown to us does not open the door."""

    NONE = "no_certificate"
    WRONG_AUTHORITY = "wrong_authority"
    WRONG_PURPOSE = "wrong_purpose"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    LOCATION_ENDED = "location_ended"
    INSTITUTION_ENDED = "institution_ended"
    SUSPENDED = "suspended"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on record of a certificate that was shown, as it is now."""

    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    location_ended_at: datetime | None
    institution_ended_at: datetime | None
    suspended_at: datetime | None
    suspended_until: datetime | None = None
    institution_effective_at: datetime | None = None


def fault(shown: Shown, *, today: datetime, real: datetime) -> Fault | None:
    """What keeps the certificate from being used; None: it opens the door.

    `real`: certificates and TLS keep real time; `today`: the register keeps the portal's clock.
    What became of the place goes first: it says more than the revocation that follows from it.
    """
    if of_place := _fault_of_place(shown, today):
        return of_place
    if shown.revoked_at is not None:
        return Fault.REVOKED
    if real < shown.not_before:
        return Fault.NOT_YET
    if real >= shown.not_after:
        return Fault.EXPIRED
    return None


def _fault_of_place(shown: Shown, today: datetime) -> Fault | None:
    if _begun(shown.institution_ended_at, today):
        # One that leaves without ever having been effective was too late with its set-up.
        return Fault.INSTITUTION_ENDED if shown.institution_effective_at else Fault.LAPSED
    if _begun(shown.location_ended_at, today):
        return Fault.LOCATION_ENDED
    over = _begun(shown.suspended_until, today)
    return Fault.SUSPENDED if _begun(shown.suspended_at, today) and not over else None


def _begun(at: datetime | None, today: datetime) -> bool:
    return at is not None and at <= today


def crl_is_stale(this_update: datetime, now: datetime) -> bool:
    """Whether half of a list's life is over: time for the alarm, long before it ends."""
    return now - this_update >= CRL_LASTS / 2
