"""What the Registration Office and the calendar do with an application."""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from portal.accounts.models import Person
from portal.application import emails
from portal.application.entering import enter
from portal.application.progress import absent, complete, filed
from portal.cases.actions import tell
from portal.cases.models import Case
from portal.cases.queries import case_of_institution, case_with_file, documents_of, locked
from portal.cases.rules import (
    State,
    documents_due,
    effective_at,
    reminder_times,
    settled_at,
    setup_due,
)
from portal.cases.standing import limits
from portal.infra.audit import record
from portal.infra.files import remove as remove_file
from portal.infra.guards import Who
from portal.infra.tickets import Job, enqueue
from portal.kernel.problems import Refused
from portal.kernel.text import N_
from portal.registry.actions import (
    confirm_certificate,
    end_institution,
    make_location_effective,
)
from portal.registry.actions import make_effective as make_entries_effective
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, standing
from portal.registry.scheme import Scheme

CALENDAR = "calendar"
"""Who the audit names when a date decided."""


def open_review(db: Session, case: Case, *, by: Who, now: datetime) -> None:
    """Note that an officer looks at the application for the first time."""
    if case.opened_at is None and case.state == State.SUBMITTED:
        case.opened_at = now
        db.add(case)
        tell(db, case, "opened", now)
    _record(db, case, "application.read", by.on_record, now)


def accept(db: Session, case: Case, *, by: Who, scheme: Scheme, now: datetime) -> None:
    """Accept the application: number and enter the institution and its locations, not yet listed.

    Raises:
        Refused: it was decided before, or its documents are not complete.
    """
    _undecided(db, case)
    if not complete(filed(db, case)):
        raise Refused(N_("The documents are not complete: a required one is missing or unchecked"))
    _decide(case, State.ACCEPTED, by, now)
    case.institution_id = enter(db, case, by=by, scheme=scheme, now=now).id
    db.add(case)
    tell(db, case, "accepted", now)
    _record(db, case, "application.accepted", by.on_record, now)
    emails.accepted(db, case, to=applicant(db, case), due=setup_due(now, limits()))
    _send_code(db, case)
    _watch_setup(db, case, setup_due(now, limits()), now)


def decline(db: Session, case: Case, *, reasons: str, by: Who, now: datetime) -> None:
    """Decline the application with reasons, which go to the applicant word for word.

    Raises:
        Refused: it was decided before, or no reason is given.
    """
    _undecided(db, case)
    if not reasons.strip():
        raise Refused(N_("Give the reasons: the applicant will read them"))
    _decide(case, State.UNSUCCESSFUL, by, now)
    case.ended_at = now
    db.add(case)
    tell(db, case, "declined", now, note=reasons)
    _record(db, case, "application.declined", by.on_record, now)
    emails.declined(db, case, to=applicant(db, case), reasons=reasons)


def note_connected(
    db: Session, location: ServiceLocation, *, used_at: datetime, now: datetime
) -> None:
    """A place used its certificate for the first time, at `used_at`: that was the installation.

    The institution's first one lets the registration take effect in its time; a later one of an
    institution that is effective makes its own place effective. Another certificate of a place
    that was connected before changes nothing.
    """
    if location.certificate_installed_at is not None:
        return
    by = f"location:{location.number}"
    confirm_certificate(db, location, by=by, now=used_at)
    case = case_of_institution(db, location.institution_id)
    if case is not None:
        tell(db, case, "installed", used_at, location=location.number)
        if locked(db, case).state == State.ACCEPTED and case.installed_at is None:
            case.installed_at = used_at
            db.add(case)
            _record(db, case, "certificate.installed", by, used_at)
            _await_effect(db, case, now)
    if db.get_one(Institution, location.institution_id).effective_at is not None:
        _let_follow(db, location, used_at, now)


def _let_follow(db: Session, location: ServiceLocation, used_at: datetime, now: datetime) -> None:
    """A place that left between its use and now stays what it is."""
    with suppress(Refused):
        make_location_effective(db, location, effective_at=used_at, by=CALENDAR, now=now)


def note_hand_over(db: Session, case: Case, *, now: datetime) -> None:
    """The acceptance e-mail was handed over: the days until the registration counts begin.

    If it left late, the limit for set-up may lie later than its tickets, or they ran to no
    effect: they are written anew.
    """
    handed_over_at = emails.acceptance_handed_over_at(db, case)
    if handed_over_at is None or locked(db, case).handed_over_at is not None:
        return
    case.handed_over_at = handed_over_at
    db.add(case)
    tell(db, case, "mail_handed_over", handed_over_at, days=limits().settling)
    _await_effect(db, case, now)
    assert case.decided_at is not None
    due = setup_due(case.decided_at, limits(), handed_over_at)
    if case.installed_at is None and due != setup_due(case.decided_at, limits()):
        _watch_setup(db, case, due, now)


def note_bounce(db: Session, case: Case, *, now: datetime) -> None:
    """The acceptance e-mail came back: nobody was told, so the days stop, or do not begin.

    They begin with the letter that staff send again. What is effective already stays so.
    """
    if locked(db, case).state != State.ACCEPTED:
        return
    if emails.acceptance_handed_over_at(db, case) is None:
        case.handed_over_at = None
        db.add(case)
        tell(db, case, "mail_returned", now)


def _await_effect(db: Session, case: Case, now: datetime) -> None:
    """Look again when the days are over, and now if the certificate came later than that."""
    if case.handed_over_at:
        due = max(settled_at(case.handed_over_at, limits()), now)
        name = "installed" if case.installed_at else "settled"
        # A letter that came back and was sent again begins other days: another ticket.
        once = f"effective:{case.reference}:{name}:{case.handed_over_at:%Y%m%d%H%M%S}"
        enqueue(db, Job.MAKE_EFFECTIVE, once=once, due=due, case_id=case.id or 0)


def take_effect(db: Session, case: Case, *, now: datetime) -> bool:
    """Make the registration effective if its time has come: days over and certificate installed."""
    if locked(db, case).state != State.ACCEPTED or case.institution_id is None:
        return False
    since = effective_at(case.handed_over_at, case.installed_at, limits())
    if since is None or since > now or _has_left(db, case, now):
        return False
    case.state, case.effective_at, case.ended_at = State.REGISTERED, since, now
    db.add(case)
    make_entries_effective(
        db, case.institution_id, effective_at=since, connected_only=True, by=CALENDAR, now=now
    )
    tell(db, case, "effective", since)
    _record(db, case, "registration.effective", CALENDAR, now)
    emails.effective(db, case, to=applicant(db, case))
    return True


def documents_limit(db: Session, case: Case, days: int, *, now: datetime) -> None:
    """Remind (`days` > 0) or lapse (0), if documents are still not complete by now."""
    if locked(db, case).state != State.SUBMITTED or complete(filed(db, case)):
        return
    assert case.submitted_at is not None
    due = documents_due(case.submitted_at, limits())
    if not days and not absent(filed(db, case), ("clean", "checking")):
        # All are there, only our check is late: that must not cost anybody the application.
        again = now + timedelta(days=1)
        once = f"documents:{case.reference}:0:{again.date().isoformat()}"
        enqueue(db, Job.DOCUMENTS_LIMIT, once=once, due=again, case_id=case.id or 0, days=0)
        return
    if days:
        tell(db, case, "reminded_documents", now, days=days)
        emails.documents_reminder(db, case, to=applicant(db, case), due=due, days=days)
        return
    _lapse(db, case, "lapsed_documents", limits().documents, now)
    emails.documents_lapsed(db, case, to=applicant(db, case), days=limits().documents)


def setup_limit(db: Session, case: Case, days: int, *, now: datetime) -> None:
    """Remind (`days` > 0) or lapse (0), if the certificate is still not installed by now.

    Lapsed, the institution and its locations leave the register, in which nobody saw them yet.
    """
    if locked(db, case).state != State.ACCEPTED or case.installed_at is not None:
        return
    if _has_left(db, case, now):
        return
    if case.handed_over_at is None:
        # The letter has not left yet: whoever was not told cannot be late. Its hand-over sets
        # the limit anew.
        return
    assert case.decided_at is not None and case.institution_id is not None
    due = setup_due(case.decided_at, limits(), case.handed_over_at)
    if now < due - timedelta(days=days):
        # Of the limit before the late hand-over moved it: there is another ticket.
        return
    if days:
        tell(db, case, "reminded_setup", now, days=days)
        emails.setup_reminder(db, case, to=applicant(db, case), due=due, days=days)
        return
    _lapse(db, case, "lapsed_setup", limits().setup, now)
    institution = db.get_one(Institution, case.institution_id)
    end_institution(db, institution, at=now, reason="lapsed", by=CALENDAR, now=now)
    emails.setup_lapsed(db, case, to=applicant(db, case), days=limits().setup)


def _has_left(db: Session, case: Case, now: datetime) -> bool:
    entry = db.get(Institution, case.institution_id)
    return entry is not None and standing(entry, now) is Standing.ENDED


def note_refused(db: Session, file_id: UUID, *, now: datetime) -> None:
    """A file was refused. Before submission the page says so; afterwards a letter has to."""
    found = case_with_file(db, file_id)
    if found is None or found[0].state != State.SUBMITTED:
        return
    case, document = found
    assert case.submitted_at is not None
    tell(db, case, "document_refused", now, document=document.document_type)
    due = documents_due(case.submitted_at, limits())
    emails.document_refused(db, case, to=applicant(db, case), due=due, file_id=str(file_id))


def _lapse(db: Session, case: Case, tag: str, days: int, now: datetime) -> None:
    case.state, case.ended_at = State.LAPSED, now
    db.add(case)
    destroy_documents(db, case, now)
    tell(db, case, tag, now, days=days)
    _record(db, case, f"application.{tag}", CALENDAR, now)


def destroy_documents(db: Session, case: Case, now: datetime) -> None:
    """Take away the documents of a lapsed application; that they were there stays on record.

    Source: Important Notes for Registration in eHealth ("all documents disposed of").
    """
    for _document, file in documents_of(db, case):
        remove_file(db, file.id, by=CALENDAR, now=now)


def _send_code(db: Session, case: Case) -> None:
    """The code that fetches keys we make goes out in a letter of its own.

    Source: seeds/001 and the registration guide (two e-mails on acceptance).
    """
    enqueue(
        db, Job.SEND_INSTALLATION_CODE, once=f"installation-code:{case.reference}:accepted",
        institution_id=case.institution_id or 0, person_id=case.applicant_id,
    )  # fmt: skip


def _watch_setup(db: Session, case: Case, due: datetime, now: datetime) -> None:
    for days, at in [*reminder_times(due, now), (0, due)]:
        once = f"setup:{case.reference}:{days}:{due.date().isoformat()}"
        enqueue(db, Job.SETUP_LIMIT, once=once, due=at, case_id=case.id or 0, days=days)


def _undecided(db: Session, case: Case) -> None:
    if locked(db, case).state != State.SUBMITTED:
        raise Refused(N_("This application has already been decided"))


def _decide(case: Case, state: State, by: Who, now: datetime) -> None:
    case.state, case.decided_at, case.decided_by, case.changed_at = state, now, by.id, now


def applicant(db: Session, case: Case) -> Person:
    """Whose case it is, to write to."""
    return db.exec(select(Person).where(col(Person.id) == case.applicant_id)).one()


def _record(db: Session, case: Case, action: str, by: str, at: datetime) -> None:
    record(db, action, by=by, at=at, subject=f"case:{case.reference}")
