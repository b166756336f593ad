"""Letters about certificates."""

from datetime import datetime

from sqlmodel import Session

from portal.accounts.models import Person
from portal.infra.mail import send_mail
from portal.registry.models import Institution


def installation_code(
    db: Session, institution: Institution, code: str, *, to: Person, expires: datetime, once: str
) -> None:
    """The code and nothing that says where to use it: a letter of its own, away from the rest."""
    send_mail(
        db,
        to=to.email,
        lang=to.language,
        template="installation_code",
        once=once,
        name=to.name,
        institution=institution,
        code=code,
        expires=expires,
    )
