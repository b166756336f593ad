"""The letters of an application, each in the applicant's language."""

from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.accounts.models import Person
from portal.cases.models import Case
from portal.cases.standing import limits
from portal.infra.bounces import AGAIN
from portal.infra.guards import Who
from portal.infra.mail import Mail, MailState, send_mail
from portal.infra.tickets import Job

ACCEPTED = "accepted"


def _send(
    db: Session,
    case: Case,
    to: Who | Person,
    template: str,
    once: str,
    *,
    then: Job | None = None,
    if_returned: Job | None = None,
    **more: object,
) -> None:
    send_mail(
        db,
        to=to.email,
        lang=case.language,
        template=template,
        once=f"{once}:{case.reference}",
        case=case,
        name=to.name,
        then=then,
        then_args={"case_id": case.id or 0} if then else None,
        if_returned=if_returned,
        **more,
    )


def received(db: Session, case: Case, *, to: Who) -> None:
    """We have the application; its reference, and what comes next."""
    _send(db, case, to, "application_received", "received", days=limits().documents)


def accepted(db: Session, case: Case, *, to: Person, due: datetime) -> None:
    """Accepted. Its hand-over to the mail server starts the days until it is effective."""
    _send(
        db,
        case,
        to,
        "application_accepted",
        ACCEPTED,
        due=due,
        settling=limits().settling,
        support=limits().support,
        then=Job.ACCEPTANCE_HANDED_OVER,
        if_returned=Job.ACCEPTANCE_BOUNCED,
    )


def acceptance_handed_over_at(db: Session, case: Case) -> datetime | None:
    """When the letter of acceptance was handed over, the newest if it had to be sent again.

    None if none was yet, or it came back.
    """
    letter = select(Mail).where(
        or_(
            col(Mail.once) == f"{ACCEPTED}:{case.reference}",
            col(Mail.once).startswith(f"{ACCEPTED}:{case.reference}{AGAIN}"),
        ),
        Mail.state == MailState.HANDED_OVER,
    )
    found = db.exec(letter.order_by(col(Mail.handed_over_at).desc()).limit(1)).one_or_none()
    return found.handed_over_at if found else None


def declined(db: Session, case: Case, *, to: Person, reasons: str) -> None:
    _send(db, case, to, "application_declined", "declined", reasons=reasons)


def effective(db: Session, case: Case, *, to: Person) -> None:
    _send(db, case, to, "registration_effective", "effective")


def documents_reminder(db: Session, case: Case, *, to: Person, due: datetime, days: int) -> None:
    _send(db, case, to, "documents_reminder", f"documents:{days}", due=due, days=days)


def documents_lapsed(db: Session, case: Case, *, to: Person, days: int) -> None:
    _send(db, case, to, "documents_lapsed", "documents:0", days=days)


def setup_reminder(db: Session, case: Case, *, to: Person, due: datetime, days: int) -> None:
    _send(db, case, to, "setup_reminder", f"setup:{days}", due=due, days=days)


def setup_lapsed(db: Session, case: Case, *, to: Person, days: int) -> None:
    _send(db, case, to, "setup_lapsed", "setup:0", days=days)


def document_refused(db: Session, case: Case, *, to: Person, due: datetime, file_id: str) -> None:
    """A file was refused only after the application was handed in."""
    _send(db, case, to, "document_refused", f"refused:{file_id}", due=due)
