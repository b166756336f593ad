"""Members of staff: invited and disabled by whoever runs the portal."""

from datetime import datetime

from sqlmodel import Session

from portal.accounts import emails
from portal.accounts.actions.passphrases import INVITATION, new_link
from portal.accounts.actions.sessions import end_all, on_record
from portal.accounts.models import Person
from portal.accounts.queries import folded, person_with_email
from portal.accounts.rules import INVITATION_LASTS, STAFF, Role
from portal.infra.audit import record
from portal.kernel.problems import NotHere, Refused
from portal.kernel.text import N_

TAKEN = N_("There is an account with this e-mail address already")


def invite(
    db: Session, *, email: str, name: str, role: Role, language: str, by: str, now: datetime
) -> Person:
    """Invite a member of staff, or send the invitation again while it was not accepted.

    Raises:
        Refused: the address has an account.
    """
    person = person_with_email(db, email)
    if person and (person.confirmed_at or person.role not in STAFF):
        raise Refused(TAKEN)
    person = person or Person(
        email=email, email_folded=folded(email), name=name, language=language, created_at=now
    )
    person.name, person.role, person.language, person.disabled_at = name, role, language, None
    db.add(person)
    db.flush()
    link, token = new_link(db, person, INVITATION, lasts=INVITATION_LASTS, now=now)
    emails.staff_invitation(db, person, link, token)
    record(db, "person.invited", by=by, at=now, subject=on_record(person), role=role.value)
    return person


def disable(db: Session, *, email: str, by: str, now: datetime) -> None:
    """Shut a person out from the next request on.

    Raises:
        NotHere: nobody has this address.
    """
    person = person_with_email(db, email)
    if person is None:
        raise NotHere(f"nobody has the address {email}")
    person.disabled_at = person.disabled_at or now
    db.add(person)
    count = end_all(db, person, now=now)
    record(db, "person.disabled", by=by, at=now, subject=on_record(person), sessions=count)
