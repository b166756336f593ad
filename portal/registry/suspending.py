"""Suspending an institution, for a time that ends by itself, and restoring it."""

from datetime import datetime, timedelta

from sqlmodel import Session

from portal.infra.audit import record
from portal.infra.clock import real_now
from portal.infra.tickets import Job, enqueue
from portal.kernel.hktime import hk_date, start_of_hk_day
from portal.kernel.problems import Refused
from portal.kernel.text import N_, Said
from portal.registry.index import index_institution
from portal.registry.models import Institution
from portal.registry.rules import (
    FIRST_PERIOD,
    FURTHER_PERIOD,
    REASONS,
    Standing,
    is_suspended,
    standing,
)

TOO_LONG = N_("The last day of the suspension must be from %(first)s to %(last)s")
NO_REASON = N_("Choose the reason: it stays on record")


def suspend(
    db: Session, institution: Institution, *, until: datetime, reason: str, by: str, now: datetime
) -> None:
    """Off the register and disconnected at once, until `until`; its certificates are revoked.

    Raises:
        Refused: it is suspended or has left, the time is too long, or the reason is none of ours.
    """
    if standing(institution, now) is Standing.ENDED:
        raise Refused(N_("This entry has left the register"))
    if is_suspended(institution, now):
        raise Refused(N_("The registration is suspended already"))
    _within(until, now, FIRST_PERIOD)
    institution.suspended_at = now
    _keep(db, institution, "suspended", until, reason, by, now)
    once = f"revoke:{institution.number}:suspended:{now.isoformat()}"
    enqueue(
        db, Job.REVOKE_CERTIFICATES, once=once, institution_id=institution.id or 0,
        since=real_now().isoformat(),
    )  # fmt: skip


def extend(
    db: Session, institution: Institution, *, until: datetime, reason: str, by: str, now: datetime
) -> None:
    """Let the suspension last longer than it would have.

    Raises:
        Refused: it is not suspended, the time is too long, or the reason is none of ours.
    """
    before = _still_suspended(institution, now)
    _within(until, before, FURTHER_PERIOD)
    _keep(db, institution, "suspension_extended", until, reason, by, now)


def resume(db: Session, institution: Institution, *, reason: str, by: str, now: datetime) -> None:
    """End the suspension before its time. Certificates stay revoked: new ones are asked for.

    Raises:
        Refused: it is not suspended, or the reason is none of ours.
    """
    _still_suspended(institution, now)
    institution.suspended_at = None
    _keep(db, institution, "resumed", None, reason, by, now)


def _keep(
    db: Session,
    institution: Institution,
    what: str,
    until: datetime | None,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    if reason not in REASONS:
        raise Refused(NO_REASON)
    institution.suspended_until = until
    institution.suspension_reason = reason if until else ""
    db.add(institution)
    told = {"until": hk_date(until).isoformat()} if until else {}
    record(
        db, f"institution.{what}", by=by, at=now, subject=institution.number, reason=reason, **told
    )
    index_institution(db, institution, now=now)


def _still_suspended(institution: Institution, now: datetime) -> datetime:
    if not is_suspended(institution, now) or institution.suspended_until is None:
        raise Refused(N_("The registration is not suspended"))
    return institution.suspended_until


def _within(until: datetime, after: datetime, longest: timedelta) -> None:
    """A suspension ends with a day in Hong Kong; its first day counts, however late it began."""
    latest = start_of_hk_day(hk_date(after) + longest)
    if not after < until <= latest:
        last = hk_date(latest) - timedelta(days=1)
        raise Refused(Said(TOO_LONG, first=hk_date(after), last=last))
