"""Jobs of certificates: issuing and revoking them, what their first use brings, the lists."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from jobs.running import job
from portal.application import deciding
from portal.certificates import actions, issuing, revocation_lists
from portal.certificates.issuing import PORTAL
from portal.certificates.linting import Unsound
from portal.certificates.models import Certificate
from portal.certificates.rules import Reason
from portal.infra.clock import now, offset, real_now
from portal.infra.tickets import Job, let_go
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, standing

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


@job(Job.CERTIFICATE_USED)
def certificate_used(db: Session, *, certificate_id: int) -> None:
    """A place used its certificate for the first time: it is connected, and may take effect."""
    used = db.get_one(Certificate, certificate_id)
    assert used.first_used_at is not None
    # Certificates keep real time; the register and its limits the portal's clock.
    used_at = used.first_used_at + offset()
    place = db.get_one(ServiceLocation, used.location_id)
    deciding.note_connected(db, place, used_at=used_at, now=now())


@job(Job.REVOKE_CERTIFICATES)
def revoke_certificates(db: Session, *, institution_id: int = 0, location_id: int = 0) -> None:
    """Revoke what belongs to places that have left, or whose institution has or is suspended.

    Looked at anew when the time has come: what was to happen may have been put off meanwhile.
    """
    places = [db.get_one(ServiceLocation, location_id)] if location_id else []
    if institution_id:
        places = db.get_one(Institution, institution_id).locations
    for reason, ids in over(db, places, now()).items():
        actions.revoke_all(db, ids, reason=reason, by=PORTAL, now=now(), real=real_now())


def over(db: Session, places: Sequence[ServiceLocation], at: datetime) -> dict[Reason, list[int]]:
    """Of these places those that may not connect any more, by why."""
    found: dict[Reason, list[int]] = {}
    for place in places:
        owner = db.get_one(Institution, place.institution_id)
        if standing(owner, at) in {Standing.SUSPENDED, Standing.ENDED}:
            found.setdefault(Reason.PRIVILEGE_WITHDRAWN, []).append(place.id or 0)
        elif standing(place, at) is Standing.ENDED:
            found.setdefault(Reason.CESSATION_OF_OPERATION, []).append(place.id or 0)
    return found
