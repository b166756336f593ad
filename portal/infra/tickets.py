"""Work to be done after this request, written down in the same transaction as its cause."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, event, update
from sqlmodel import Session, col, select

from portal.infra import clock, queue
from portal.infra.claims import ClaimLost, NeedsStaff, let_go, progress
from portal.infra.once import write_once
from portal.infra.tickets_models import State, Ticket

__all__ = [
    "ClaimLost",
    "Job",
    "NeedsStaff",
    "State",
    "Ticket",
    "cancel",
    "coming",
    "enqueue",
    "let_go",
    "needing_staff",
    "progress",
    "queue_answers",
    "ticket_named",
    "try_again",
]


class Job(StrEnum):
    """Every job there is. `jobs/` has a function for each; a test sees to it."""

    SEND_MAIL = "send_mail"
    FORGET_TICKETS = "forget_tickets"
    CHECK_FILE = "check_file"
    COLLECT_LOST_FILES = "collect_lost_files"
    APPLICATION_COPY = "application_copy"
    DOCUMENTS_LIMIT = "documents_limit"
    SETUP_LIMIT = "setup_limit"
    ACCEPTANCE_HANDED_OVER = "acceptance_handed_over"
    MAKE_EFFECTIVE = "make_effective"
    PRINT_LABELS = "print_labels"
    DOCUMENT_REFUSED = "document_refused"
    AUDIT_CHECKPOINT = "audit_checkpoint"
    DELETE_ENQUIRY = "delete_enquiry"
    ISSUE_CERTIFICATE = "issue_certificate"
    SIGN_LISTS = "sign_lists"
    SEND_INSTALLATION_CODE = "send_installation_code"
    LOOK_AT_LISTS = "look_at_lists"
    RENEW_OWN_KEYS = "renew_own_keys"
    REMIND_OF_ENDS = "remind_of_ends"
    TELL_OF_REVOCATION = "tell_of_revocation"
    REGISTRATION_PAPER = "registration_paper"
    ACCEPTANCE_BOUNCED = "acceptance_bounced"
    CERTIFICATE_USED = "certificate_used"
    REVOKE_CERTIFICATES = "revoke_certificates"


def enqueue(
    db: Session,
    job: Job,
    *,
    once: str,
    due: datetime | None = None,
    total: int = 0,
    **args: str | int,
) -> Ticket:
    """Write a ticket; when `db` commits it is sent to the queue, or at `due` by the relay.

    `once` names the work itself ("label:7:v2"): asking twice for the same work makes one
    ticket, also when two transactions ask at the same time.
    """
    now = clock.now()
    starts_now = due is None or due <= now
    columns = {
        "job": str(job),
        "args": args,
        "once": once,
        "due": due or now,
        "total": total,
        "created_at": now,
    }
    # Work for now is sent by this process at commit; the relay looks only if that came to
    # nothing.
    ticket, new = write_once(db, Ticket, columns, stamp="sent_at" if starts_now else "")
    if new and starts_now:
        db.info.setdefault("tickets_to_send", []).append(ticket.id)
    return ticket


def ticket_named(db: Session, once: str) -> Ticket | None:
    """The ticket for this very work, with what is on record now."""
    named = select(Ticket).where(Ticket.once == once)
    return db.exec(named.execution_options(populate_existing=True)).one_or_none()


def cancel(db: Session, *, once: str) -> bool:
    """Call the work off, also while it runs (its effect is then undone). False: too late."""
    return _change(
        db,
        col(Ticket.once) == once,
        col(Ticket.state).in_([State.WAITING, State.RUNNING]),
        state=State.CANCELLED,
        finished_at=clock.now(),
    )


def try_again(db: Session, ticket_id: UUID) -> bool:
    """A person looked at a failed ticket and wants it tried afresh. False: it has not failed."""
    return _change(
        db,
        col(Ticket.id) == ticket_id,
        col(Ticket.state) == State.FAILED,
        state=State.WAITING,
        attempts=0,
        deaths=0,
        due=clock.now(),
        sent_at=0.0,
        finished_at=None,
    )


def needing_staff(db: Session, limit: int = 100) -> list[Ticket]:
    """Failed tickets, the newest first."""
    failed = select(Ticket).where(Ticket.state == State.FAILED)
    return list(db.exec(failed.order_by(col(Ticket.finished_at).desc()).limit(limit)))


def coming(db: Session, limit: int = 100) -> list[Ticket]:
    """Work that waits, the next due first."""
    waiting = select(Ticket).where(Ticket.state == State.WAITING)
    return list(db.exec(waiting.order_by(col(Ticket.due)).limit(limit)))


def queue_answers() -> None:
    """Do nothing if Redis answers.

    Raises:
        redis.RedisError: it does not; tickets are kept until it does.
    """
    queue.answers()


def _change(db: Session, *which: Any, **values: Any) -> bool:
    changed = db.execute(
        update(Ticket).where(*which).values(**values).execution_options(synchronize_session="fetch")
    )
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1


@event.listens_for(Session, "after_commit")
def _send_committed(db: Session) -> None:
    if ids := db.info.pop("tickets_to_send", []):
        queue.send_soon(ids)


@event.listens_for(Session, "after_rollback")
def _forget_rolled_back(db: Session) -> None:
    db.info.pop("tickets_to_send", None)
