"""What holds of certificates: ways to a key, how long they last, when one may be used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

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

WHAT_TO_DO = {
    Reason.KEY_COMPROMISE: N_(
        "Make a new key and ask for a new certificate. The old key must not be used again."
    ),
    Reason.SUPERSEDED: N_(
        "Make sure that the newer certificate is installed. There is nothing else to do."
    ),
    Reason.AFFILIATION_CHANGED: N_("Ask for a new certificate and install it."),
    Reason.CESSATION_OF_OPERATION: N_("Remove the certificate. There is nothing else to do."),
    Reason.PRIVILEGE_WITHDRAWN: N_(
        "Remove the certificate. When the registration stands again, ask for a new one."
    ),
}
"""What the institution whose certificate was revoked is to do now."""

CHOSEN_BY_INSTITUTION = (Reason.KEY_COMPROMISE, Reason.SUPERSEDED)
"""The other reasons follow from what the Registration Office decides."""

CODE_LENGTH = 16
"""Of an installation code: 64 bits, which is enough for the password of a file as well."""
CODE_TRIES = 5
"""Wrong codes after which the right one is void, too."""
CODE_DAYS = 14
"""How long a code lasts that is sent after the set-up, for a renewal."""


class Held(Protocol):
    """A certificate, as far as its stage goes."""

    refused: str
    not_after: datetime | None
    issued_at: datetime | None
    first_used_at: datetime | None
    revoked_at: datetime | None


class Stage(StrEnum):
    """Where one certificate is in its life, or a place with all of its certificates."""

    NONE = "none"
    REQUESTED = "requested"
    REFUSED = "refused"
    ISSUED = "issued"
    INSTALLED = "installed"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED = "revoked"


STAGES: dict[Stage, tuple[str, str]] = {
    Stage.NONE: (N_("No certificate yet"), "grey"),
    Stage.REQUESTED: (N_("Being issued"), "blue"),
    Stage.REFUSED: (N_("Not issued"), "red"),
    Stage.ISSUED: (N_("Issued, not installed yet"), "yellow"),
    Stage.INSTALLED: (N_("Installed"), "green"),
    Stage.EXPIRING: (N_("Ends soon"), "orange"),
    Stage.EXPIRED: (N_("Expired"), "red"),
    Stage.REVOKED: (N_("Revoked"), "red"),
}
"""Words and the colour of the tag."""

HOLDING = (Stage.INSTALLED, Stage.EXPIRING, Stage.ISSUED)
"""Those that open the door; the first one found speaks for a place."""


def stage(held: Held, real: datetime) -> Stage:
    """Where the certificate is in its life at `real`, which is real time."""
    if held.revoked_at is not None:
        return Stage.REVOKED
    if held.issued_at is None or held.not_after is None:
        return Stage.REFUSED if held.refused else Stage.REQUESTED
    if real >= held.not_after:
        return Stage.EXPIRED
    if held.first_used_at is None:
        return Stage.ISSUED
    return Stage.EXPIRING if held.not_after - real <= OVERLAP else Stage.INSTALLED


def stage_of_place(held: list[Stage]) -> Stage:
    """What is said of a place whose certificates, the newest first, are in these stages."""
    for best in (*HOLDING, Stage.REQUESTED):
        if best in held:
            return best
    return held[0] if held else Stage.NONE


class Side(StrEnum):
    """Who notes an item of the set-up."""

    INSTITUTION = "institution"
    OFFICE = "office"


class Kind(StrEnum):
    """What is noted of an item: a tick, a choice, a day, or a few words."""

    TICK = "tick"
    CHOICE = "choice"
    DAY = "day"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a place needs to be connected. `choices`: what is kept, and its words."""

    key: str
    words: str
    side: Side
    kind: Kind
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


LONGEST_NOTE = 100
SET_UP = (
    Item(
        "records_system",
        N_("Clinical record system in use"),
        Side.INSTITUTION,
        Kind.WORDS,
        N_("Its name, or “browser only”"),
    ),
    Item(
        "licence",
        N_("Licence for the linkage component (ELSA) and the terminology table (HKCTT)"),
        Side.INSTITUTION,
        Kind.CHOICE,
        choices=(
            ("accepted", N_("Accepted")),
            ("not_needed", N_("Not needed: we use a browser only")),
        ),
    ),
    Item(
        "deposit",
        N_("Readiness to deposit records"),
        Side.INSTITUTION,
        Kind.CHOICE,
        choices=(
            ("ready", N_("Ready")),
            ("preparing", N_("In preparation")),
            ("not_yet", N_("Not yet")),
        ),
    ),
    Item("label", N_("Label posted at the entrance"), Side.INSTITUTION, Kind.TICK),
    Item("reader", N_("Identity card reader sent on"), Side.OFFICE, Kind.DAY),
    Item(
        "advice",
        N_("Appointment for technical advice"),
        Side.OFFICE,
        Kind.WORDS,
        N_("Day, time, and how: by telephone or on site"),
    ),
)
"""The checklist, beside the certificate, which is told by itself: declared once, for both sides.

Source: what an approved institution receives and does (reference, domain §3.1 and §3.3).
"""


class Purpose(StrEnum):
    """What a key of ours is certified for."""

    OCSP = "ocsp"
    PAPERS = "papers"


OWN_KEYS_LAST = {Purpose.OCSP: timedelta(days=14), Purpose.PAPERS: timedelta(days=5 * 365)}
"""OCSP's cannot be revoked (id-pkix-ocsp-nocheck), so it is short-lived; a paper is to be checked
for years. Each is followed by the next when half of its life is over."""

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


def reminder_due(not_after: datetime, real: datetime) -> int | None:
    """Which of REMINDERS is due: the nearest to the end that was reached; None before the first."""
    return min(
        (days for days in REMINDERS if not_after - real <= timedelta(days=days)), default=None
    )
