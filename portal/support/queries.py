"""Reading enquiries."""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from portal.cases.models import Case
from portal.cases.queries import own_case
from portal.cases.rules import State as CaseState
from portal.kernel.identifiers import normalise
from portal.kernel.problems import NotHere
from portal.support.models import Enquiry
from portal.support.rules import State

PAGE = 50
"""Enquiries on one page of the list."""


def enquiry_called(db: Session, reference: str) -> Enquiry:
    """Raises: NotHere: there is no such enquiry."""
    wanted = select(Enquiry).where(Enquiry.reference == normalise(reference))
    found = db.exec(wanted).one_or_none()
    if found is None:
        raise NotHere
    return found


def sent_before(db: Session, once: str) -> Enquiry | None:
    return db.exec(select(Enquiry).where(Enquiry.once == once)).one_or_none()


def enquiries_in(db: Session, state: State, *, page: int) -> Sequence[Enquiry]:
    """A page of the open ones, oldest first, as they are dealt with; the answered newest first."""
    order = (
        (col(Enquiry.sent_at), col(Enquiry.id))
        if state == State.OPEN
        else (col(Enquiry.answered_at).desc(), col(Enquiry.id).desc())
    )
    wanted = select(Enquiry).where(Enquiry.state == state).order_by(*order)
    return db.exec(wanted.offset((page - 1) * PAGE).limit(PAGE)).all()


def count_in(db: Session, state: State) -> int:
    """How many there are; of the open ones: how many wait for an answer."""
    return db.exec(select(func.count()).where(Enquiry.state == state)).one()


def accepted_case(db: Session, reference: str, person_id: int) -> Case:
    """The person's own application, if it was accepted.

    Raises:
        NotHere: there is none, it is somebody else's, or it is at another stage.
    """
    case = own_case(db, reference, person_id)
    if case.state not in (CaseState.ACCEPTED, CaseState.REGISTERED):
        raise NotHere
    return case
