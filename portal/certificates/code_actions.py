"""Installation codes: sent in a letter of their own, and what they fetch, once."""

from datetime import datetime
from hmac import compare_digest

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col

from portal.accounts.actions.tries import count_try
from portal.accounts.queries import person_numbered
from portal.cases.models import Case
from portal.cases.rules import State, setup_due
from portal.cases.standing import limits
from portal.certificates import emails
from portal.certificates.actions import SEALED_KEY
from portal.certificates.models import Authority, Certificate, InstallationCode
from portal.certificates.pkcs12 import bundle
from portal.certificates.rules import CODE_DAYS, CODE_LENGTH, CODE_TRIES
from portal.certificates.set_up_queries import Desk, case_of, live_code
from portal.infra.audit import record
from portal.infra.small_secrets import fingerprint, unseal
from portal.infra.tickets import Job, enqueue
from portal.kernel.hktime import add_days, end_of_hk_day, hk_date
from portal.kernel.identifiers import new_code, normalise
from portal.kernel.problems import Refused
from portal.kernel.text import N_, Said
from portal.registry.models import Institution, ServiceLocation

PORTAL = "portal"
PURPOSE = "installation code"
NO_CODE = N_("No code is valid now. Have a new code sent")
WRONG = N_("This is not the code. Tries left: %(left)s")
VOID = N_("This was the last try: the code is void. Have a new code sent")
FETCHED = N_(
    "This file was fetched before, or there is nothing to fetch. Ask for a new certificate"
)


class WrongCode(Refused):
    """Not the code. The try was counted, and that must be kept."""


def in_fours(code: str) -> str:
    """As the letter prints it, and as the file's password is written: `KF4M-R72T-...`."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def ask_for_code(
    db: Session, desk: Desk, *, asked: str, by: str, now: datetime, real: datetime
) -> None:
    """Have a new code sent to the applicant; the one before is void when the letter is written.

    Raises:
        TooSoon: too many letters were asked for.
        Refused: the institution has nobody to write to.
    """
    if desk.case is None:
        raise Refused(N_("This institution has no application with an applicant to write to"))
    person = person_numbered(db, desk.case.applicant_id)
    count_try(db, "mail", person.email_folded, real)
    enqueue(
        db, Job.SEND_INSTALLATION_CODE, once=f"installation-code:{desk.case.reference}:{asked}",
        institution_id=desk.institution.id or 0, person_id=person.id or 0,
    )  # fmt: skip
    record(db, "installation_code.asked", by=by, at=now, subject=desk.institution.number)


def send(db: Session, institution_id: int, person_id: int, *, now: datetime) -> None:
    """Make a new code, void those before, and write the letter. Only its fingerprint is kept."""
    institution = db.get_one(Institution, institution_id)
    case = case_of(db, institution, person_id)
    if case is None:
        # Lapsed or withdrawn since: nobody needs a code any more.
        return
    code, person = new_code(CODE_LENGTH), person_numbered(db, person_id)
    _void(db, institution_id, now)
    made = InstallationCode(
        institution_id=institution_id,
        code_hash=_hash(institution_id, code),
        sent_at=now,
        expires_at=_expires(case, now),
    )
    db.add(made)
    db.flush()
    record(db, "installation_code.sent", by=PORTAL, at=now, subject=institution.number)
    emails.installation_code(
        db, institution, in_fours(code), to=person, expires=made.expires_at,
        once=f"installation-code:{made.id}",
    )  # fmt: skip


def fetch(
    db: Session,
    desk: Desk,
    location: ServiceLocation,
    certificate: Certificate,
    typed: str,
    *,
    by: str,
    now: datetime,
    real: datetime,
) -> bytes:
    """The key we made and its certificate, PKCS#12 under the code; then the key is forgotten.

    Raises:
        WrongCode: it is not the code; the caller keeps that it was tried.
        Refused: no code is valid, or another request came first.
    """
    password = _checked(db, desk.institution, typed, by=by, now=now)
    sealed = certificate.sealed_key
    if not _forgotten(db, certificate, real):
        raise Refused(FETCHED)
    assert sealed is not None and certificate.certificate is not None
    issuer = db.get_one(Authority, certificate.authority_id).certificate
    record(
        db, "certificate.fetched", by=by, at=now, subject=f"certificate:{certificate.serial}",
    )  # fmt: skip
    secret = unseal(SEALED_KEY, sealed)
    return bundle(location.number, secret, certificate.certificate, issuer, password)


def _checked(db: Session, institution: Institution, typed: str, *, by: str, now: datetime) -> str:
    """The code as the letter has it. Of many at once each is counted: the row is held."""
    live = live_code(db, institution, now, hold=True)
    if live is None:
        raise Refused(NO_CODE)
    code = normalise(typed[:80])
    if compare_digest(_hash(institution.id or 0, code), live.code_hash):
        return in_fours(code)
    live.wrong_tries += 1
    left = CODE_TRIES - live.wrong_tries
    if left <= 0:
        live.voided_at = now
    db.add(live)
    record(
        db, "installation_code.wrong", by=by, at=now, subject=institution.number,
        tries=live.wrong_tries,
    )  # fmt: skip
    raise WrongCode(Said(WRONG, left=left) if left > 0 else VOID)


def _forgotten(db: Session, certificate: Certificate, real: datetime) -> bool:
    """One conditional UPDATE: of many requests one takes the key, and it is gone with that."""
    taken = db.execute(
        update(Certificate)
        .where(
            col(Certificate.id) == certificate.id,
            col(Certificate.fetched_at).is_(None),
            col(Certificate.revoked_at).is_(None),
            col(Certificate.sealed_key).is_not(None),
            col(Certificate.certificate).is_not(None),
        )
        .values(fetched_at=real, sealed_key=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return taken.rowcount == 1


def _void(db: Session, institution_id: int, now: datetime) -> None:
    before = update(InstallationCode).where(
        col(InstallationCode.institution_id) == institution_id,
        col(InstallationCode.voided_at).is_(None),
    )
    db.execute(before.values(voided_at=now).execution_options(synchronize_session=False))


def _expires(case: Case, now: datetime) -> datetime:
    """With the limit of the set-up, which a late letter moves, but in CODE_DAYS at the earliest."""
    earliest = end_of_hk_day(hk_date(add_days(now, CODE_DAYS)))
    if case.state == State.ACCEPTED and case.decided_at is not None:
        return max(earliest, setup_due(case.decided_at, limits(), case.handed_over_at))
    return earliest


def _hash(institution_id: int, code: str) -> str:
    """Bound to the institution: another one's code is a wrong code."""
    return fingerprint(PURPOSE, f"{institution_id}:{code}")
