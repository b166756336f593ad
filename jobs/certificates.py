"""Jobs of certificates: issuing one, and signing the lists of revoked ones."""

from sqlmodel import Session

from jobs.running import job
from portal.certificates import code_actions, issuing, revocation_lists
from portal.certificates.linting import Unsound
from portal.certificates.models import Certificate
from portal.infra.clock import now, real_now
from portal.infra.tickets import Job, let_go

# An issuing key that cannot be reached is asked for again for a day.
ATTEMPTS = 300


@job(Job.ISSUE_CERTIFICATE, max_attempts=ATTEMPTS, seconds=120)
def issue(db: Session, *, certificate_id: int) -> None:
    """Reserve, sign, keep. Cut off anywhere, it begins again and makes the same certificate."""
    if db.get_one(Certificate, certificate_id).certificate is not None:
        return
    # The reservation is kept by itself: it must stand before the key is touched.
    let_go(db)
    try:
        reserved = issuing.reserve(certificate_id, real=real_now(), today=now())
    except Unsound as unsound:
        issuing.refuse_unsound(db, certificate_id, unsound, now=real_now())
        return
    if reserved:
        der = issuing.signature(db, certificate_id)
        let_go(db)
        issuing.keep(db, certificate_id, der, now=real_now())


@job(Job.SIGN_LISTS, max_attempts=ATTEMPTS, seconds=120)
def sign_lists(db: Session) -> None:
    """Sign every authority's list anew."""
    revocation_lists.sign_lists(db, real=real_now())


@job(Job.SEND_INSTALLATION_CODE)
def send_installation_code(db: Session, *, institution_id: int, person_id: int) -> None:
    """Make a new code and write the letter with it; the one before is void."""
    code_actions.send(db, institution_id, person_id, now=now())
