"""Jobs of certificates: issuing, lists of revoked ones, our own keys, letters, papers."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlmodel import Session

from jobs.running import job
from portal.application import deciding
from portal.certificates import (
    actions,
    code_actions,
    issuing,
    life_queries,
    own_keys,
    registration_papers,
    reminders,
    revocation_lists,
)
from portal.certificates.issuing import PORTAL
from portal.certificates.keys import KeyRefused
from portal.certificates.linting import Unsound
from portal.certificates.models import Certificate
from portal.certificates.rules import Reason
from portal.infra.clock import now, offset, real_now
from portal.infra.settings import NotReady
from portal.infra.tickets import Job, NeedsStaff, State, enqueue, let_go, try_again
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, standing

log = logging.getLogger(__name__)

# An issuing key that cannot be reached is asked for again for a day.
ATTEMPTS = 300


@contextmanager
def opened_key() -> Iterator[None]:
    """A PIN that is refused is for staff, since tries are counted; so is one that is not set."""
    try:
        yield
    except KeyRefused as refused:
        raise NeedsStaff("PIN of the token refused") from refused
    except NotReady as missing:
        raise NeedsStaff("PIN or passphrase of the issuing key not set") from missing


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
        try:
            with opened_key():
                der = issuing.signature(db, certificate_id)
        except issuing.Changed as changed:
            raise NeedsStaff("changed on record") from changed
        let_go(db)
        issuing.keep(db, certificate_id, der, now=real_now())


@job(Job.SIGN_LISTS, max_attempts=ATTEMPTS, seconds=120)
def sign_lists(db: Session) -> None:
    """Sign every authority's list anew."""
    let_go(db)
    with opened_key():
        revocation_lists.sign_lists(real=real_now())


@job(Job.LOOK_AT_LISTS)
def look_at_lists(db: Session) -> None:
    """Have lists signed that are a day old or missing; say it aloud where one is half over.

    The signing is one ticket for each number, however often we look; one that was given up is
    taken up again, since the key may be back.
    """
    for authority in life_queries.without_fresh_list(db, real_now()):
        log.error("list of revoked certificates of authority %s is stale", authority.id)
    for authority, number in life_queries.lists_due(db, real_now()):
        ticket = enqueue(db, Job.SIGN_LISTS, once=f"lists:due:{authority.id}:{number}")
        if ticket.state == State.FAILED:
            try_again(db, ticket.id)


@job(Job.RENEW_OWN_KEYS, max_attempts=ATTEMPTS, seconds=120)
def renew_own_keys(db: Session) -> None:
    """Certify the keys that answer OCSP and sign papers, long before the present ones end."""
    let_go(db)
    with opened_key():
        own_keys.renew(real=real_now())


@job(Job.REMIND_OF_ENDS)
def remind_of_ends(db: Session) -> None:
    """Write to institutions whose certificates end soon and have no successor; forget sealed
    keys that were never fetched of those that have ended."""
    actions.forget_sealed_keys(db, real=real_now())
    reminders.remind(db, real=real_now(), today=now())


@job(Job.TELL_OF_REVOCATION)
def tell_of_revocation(db: Session, *, certificate_id: int) -> None:
    """Write to the institution whose certificate was revoked."""
    reminders.tell_of_revocation(db, db.get_one(Certificate, certificate_id))


@job(Job.REGISTRATION_PAPER, max_attempts=ATTEMPTS, seconds=120)
def registration_paper(db: Session, *, institution_id: int) -> None:
    """Draw and sign the registration certificate of an institution, as the register has it now."""
    registration_papers.make(
        db, db.get_one(Institution, institution_id), now=now(), real=real_now()
    )


@job(Job.SEND_INSTALLATION_CODE)
def send_installation_code(db: Session, *, institution_id: int, person_id: int) -> None:
    """Make a new code and write the letter with it; the one before is void."""
    code_actions.send(db, institution_id, person_id, now=now())


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
def revoke_certificates(
    db: Session, *, institution_id: int = 0, location_id: int = 0, since: str = ""
) -> None:
    """Revoke what belongs to places that have left, or whose institution has or is suspended.

    Looked at anew when the time has come: what was to happen may have been put off meanwhile.
    But a suspension that began at `since` (real time) revokes what there was then, also if it
    was ended again before this ran.
    """
    places = [db.get_one(ServiceLocation, location_id)] if location_id else []
    if institution_id:
        places = db.get_one(Institution, institution_id).locations
    if since:
        ids = [place.id or 0 for place in places]
        actions.revoke_all(
            db, ids, reason=Reason.PRIVILEGE_WITHDRAWN, by=PORTAL, now=now(), real=real_now(),
            until=datetime.fromisoformat(since),
        )  # fmt: skip
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
