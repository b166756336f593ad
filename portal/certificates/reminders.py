"""Letters about certificates, in the language of the institution's application."""

from datetime import datetime

from sqlmodel import Session

from portal.accounts.models import Person
from portal.accounts.rules import STAFF
from portal.certificates.life_queries import correspondent, ending, revoked_with
from portal.certificates.models import Certificate
from portal.certificates.rules import REASONS, WHAT_TO_DO, Reason, reminder_due
from portal.infra.mail import send_mail
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, standing

PERSON = "person:"
"""How the audit's names of people begin."""


def remind(db: Session, *, real: datetime, today: datetime) -> int:
    """Write about every certificate that ends soon, once for each count of days; how many.

    Days that were missed are not made up for: the nearest reminder does for all before it.
    """
    sent = 0
    for certificate, place in ending(db, real):
        institution = db.get_one(Institution, place.institution_id)
        gone = Standing.ENDED in (standing(place, today), standing(institution, today))
        found = None if gone else correspondent(db, place.institution_id)
        assert certificate.not_after
        if found and (days := reminder_due(certificate.not_after, real)):
            case, person = found
            send_mail(
                db, to=person.email, lang=case.language, template="certificate_ends",
                once=f"certificate_ends:{certificate.id}:{days}", name=person.name, case=case,
                place=place, ends=certificate.not_after,
            )  # fmt: skip
            sent += 1
    return sent


def tell_of_revocation(db: Session, certificate: Certificate) -> None:
    """What was revoked, by whom, why, what to do: one letter for all that one act revoked."""
    place = db.get_one(ServiceLocation, certificate.location_id)
    institution = db.get_one(Institution, place.institution_id)
    found = correspondent(db, place.institution_id)
    if found is None or certificate.revoked_at is None:
        return
    case, person = found
    reason = Reason(certificate.revocation_reason)
    send_mail(
        db, to=person.email, lang=case.language, template="certificate_revoked",
        once=f"certificate_revoked:{institution.id}:{reason}:{certificate.revoked_at.isoformat()}",
        name=person.name, case=case, institution=institution, at=certificate.revoked_at,
        places=revoked_with(db, certificate), by_institution=_by_institution(db, certificate),
        reason=REASONS[reason], what_to_do=WHAT_TO_DO[reason],
    )  # fmt: skip


def _by_institution(db: Session, certificate: Certificate) -> bool:
    """Whether one of its own people revoked it, and not the office, a date or a decision."""
    number = certificate.revoked_by.removeprefix(PERSON)
    if number == certificate.revoked_by or not number.isdecimal():
        return False
    person = db.get(Person, int(number))
    return person is not None and person.role not in STAFF
