"""Who may do what, what makes a passphrase, how long sessions last. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import pyotp
from zxcvbn import zxcvbn

from portal.kernel.permissions import May
from portal.kernel.text import N_, Said


class Role(StrEnum):
    """What a person is in the portal. Memberships of institutions come beside it, not in it."""

    APPLICANT = "applicant"
    REGISTRATION_OFFICER = "registration_officer"
    SUPERVISOR = "supervisor"


ROLE_NAMES = {
    Role.APPLICANT: N_("Applicant"),
    Role.REGISTRATION_OFFICER: N_("Registration officer"),
    Role.SUPERVISOR: N_("Supervisor"),
}

PERMISSIONS: dict[Role, frozenset[May]] = {
    Role.APPLICANT: frozenset({May.SIGNED_IN, May.APPLY}),
    Role.REGISTRATION_OFFICER: frozenset(
        {
            May.SIGNED_IN,
            May.REVIEW_APPLICATIONS,
            May.PRINT_LABELS,
            May.ANSWER_ENQUIRIES,
            May.CHANGE_REGISTER,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            May.SIGNED_IN,
            May.REVIEW_APPLICATIONS,
            May.PRINT_LABELS,
            May.ANSWER_ENQUIRIES,
            May.CHANGE_REGISTER,
            May.SEE_JOBS,
        }
    ),
}
"""The one table of what each role may do."""

STAFF = frozenset({Role.REGISTRATION_OFFICER, Role.SUPERVISOR})

LINK_LASTS = timedelta(hours=24)
INVITATION_LASTS = timedelta(days=7)
TYPING_KEPT = timedelta(hours=2)
HALF_WAY_LASTS = timedelta(minutes=15)
"""From the passphrase to the second factor."""

SEEN_EVERY = timedelta(minutes=1)
"""How exactly a session knows when it was last used: a page within this time writes nothing."""


class Stage(StrEnum):
    """How far somebody with a session has got."""

    OVER = "over"
    NEEDS_CODE = "needs_code"
    NEEDS_ENROLMENT = "needs_enrolment"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class SessionState:
    """What is on record of a session and its person, as far as `stage` needs it."""

    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    second_factor_at: datetime | None
    role: str
    has_totp: bool
    disabled_at: datetime | None
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sessions last, and whether this is the real thing; from the settings."""

    idle: timedelta
    absolute: timedelta
    production: bool


def needs_second_step(role: str, has_totp: bool) -> bool:
    """Whether the passphrase alone does not do: by the person's wish, or because they are staff."""
    return has_totp or Role(role) in STAFF


def stage(state: SessionState, limits: Limits, now: datetime) -> Stage:
    """How far the session has got at `now` (real time)."""
    if state.ended_at or not may_sign_in(
        state.disabled_at, state.demonstration, production=limits.production
    ):
        return Stage.OVER
    whole = bool(state.second_factor_at) or not needs_second_step(state.role, state.has_totp)
    longest = limits.absolute if whole else HALF_WAY_LASTS
    if now >= state.created_at + longest or now >= state.last_seen_at + limits.idle:
        return Stage.OVER
    if whole:
        return Stage.SIGNED_IN
    return Stage.NEEDS_CODE if state.has_totp else Stage.NEEDS_ENROLMENT


def may_sign_in(disabled_at: datetime | None, demonstration: bool, *, production: bool) -> bool:
    """Disabled people never; made-up people only where nothing is real."""
    return disabled_at is None and not (demonstration and production)


# Passphrases

SHORTEST = 12
LONGEST = 256
HARD_ENOUGH = 9.0
"""Decimal logarithm of the guesses that zxcvbn thinks an informed attacker needs."""

OWN_LETTERS = 8
"""How much must be left of a passphrase without the person's own and the portal's own words."""

PORTAL_WORDS = ("ehealth", "e-health", "portal", "醫健通", "医健通", "password", "passphrase")

TOO_SHORT = N_("Use at least %(least)s characters. Several words in a row are easy to remember.")
GUESSABLE = N_(
    "This passphrase is easy to guess. Use several words that do not belong together,"
    " without your name, your e-mail address or “eHealth”."
)


def passphrase_trouble(passphrase: str, own_words: Iterable[str] = ()) -> str | Said | None:
    """What is wrong with a new passphrase; None if nothing is.

    `own_words`: name and e-mail address of the person. Any characters are welcome; there are
    no rules about kinds of characters. Source: NIST SP 800-63B-4 §3.1.1; ASVS 5.0.0 V6.2.
    """
    if len(passphrase) < SHORTEST:
        return Said(TOO_SHORT, least=SHORTEST)
    words = sorted(_words([*own_words, *PORTAL_WORDS]), key=len, reverse=True)
    rest = passphrase.casefold()
    for word in words:
        rest = rest.replace(word, "")
    # zxcvbn takes 72 characters; nobody's passphrase gets easier by what follows.
    judged = zxcvbn(passphrase[:72], user_inputs=words)
    if len(re.sub(r"\W", "", rest)) < OWN_LETTERS or judged["guesses_log10"] < HARD_ENOUGH:
        return GUESSABLE
    return None


def _words(texts: Iterable[str]) -> set[str]:
    parts = {part for text in texts for part in re.split(r"[\W_]+", text.casefold())}
    return {word for word in parts | {t.casefold() for t in texts} if len(word) > 1}


# Second factor


def totp_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step `code` belongs to; None if it is wrong or was used.

    One step early or late is forgiven (RFC 6238 §5.2). A step is good for one code only:
    nothing at or before `last_step` counts.
    """
    totp = pyotp.TOTP(secret)
    current = totp.timecode(now)
    for step in (current - 1, current, current + 1):
        if step > last_step and pyotp.utils.strings_equal(totp.generate_otp(step), code):
            return step
    return None


# Tries


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many tries are free, and how the wait grows after them.

    Each try above `free` doubles the wait from `first` up to `longest`; one try is forgotten
    each `forgets`. Nobody is locked out for good.
    """

    free: int
    first: timedelta
    longest: timedelta
    forgets: timedelta


ALLOWANCES = {
    # Short, so that a stranger's guessing cannot keep the owner out for long.
    "account": Allowance(5, timedelta(seconds=2), timedelta(minutes=5), timedelta(minutes=5)),
    # Many people of a hospital may come from one address.
    "address": Allowance(50, timedelta(seconds=2), timedelta(minutes=15), timedelta(minutes=1)),
    "code": Allowance(5, timedelta(seconds=5), timedelta(minutes=15), timedelta(minutes=15)),
    "mail": Allowance(4, timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=30)),
    "writer": Allowance(30, timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=5)),
}
"""By what is counted: sign-in by account and by network address, one-time codes by person,
mails asked for by recipient and by network address."""


def tries_left_over(count: int, last_at: datetime, now: datetime, allowance: Allowance) -> int:
    """How many of `count` tries are not forgotten yet."""
    return max(0, count - int((now - last_at) / allowance.forgets))


def wait_after(count: int, allowance: Allowance) -> timedelta:
    """How long to wait after `count` tries before the next is looked at."""
    above = count - allowance.free
    if above <= 0:
        return timedelta()
    doubled: int = 2 ** min(above - 1, 20)
    return min(allowance.first * doubled, allowance.longest)


# Addresses within the portal


def own_path(wish: str) -> str:
    """`wish` if it is a path of this portal, else "": nobody is sent on to another site."""
    plain = wish.startswith("/") and not wish.startswith("//") and "\\" not in wish
    if not plain or any(ord(c) <= 32 or ord(c) == 127 for c in wish):
        return ""
    parts = urlsplit(wish)
    return wish if not parts.scheme and not parts.netloc else ""


# Devices

BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox": "Firefox",
    "SamsungBrowser": "Samsung Internet",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
"""Signs in a User-Agent, the first that is found decides: most name others' too."""


def device(agent: str) -> str:
    """Browser and system by their own names, for the list of one's sessions: "Firefox, Windows"."""
    found = (
        next((name for sign, name in table.items() if sign in agent), "")
        for table in (BROWSERS, SYSTEMS)
    )
    return ", ".join(name for name in found if name)


# What was typed into a form whose session had run out

NEVER_KEPT = frozenset(
    {"csrf_token", "passphrase", "present_passphrase", "new_passphrase", "code", "recovery_code"}
)
"""Fields that are not kept for later, not even sealed."""
