"""Reading enquiries."""

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from portal.kernel.identifiers import normalise
from portal.kernel.problems import NotHere
from portal.support.models import Enquiry
from portal.support.rules import State

ROWS = 100


def enquiry_called(db: Session, reference: str) -> Enquiry:
    """Raises: NotHere: there is no such enquiry."""
    wanted = select(Enquiry).where(Enquiry.reference == normalise(reference))
    found = db.exec(wanted).one_or_none()
    if found is None:
        raise NotHere
    return found


def sent_before(db: Session, once: str) -> Enquiry | None:
    return db.exec(select(Enquiry).where(Enquiry.once == once)).one_or_none()


def enquiries_in(db: Session, state: State) -> Sequence[Enquiry]:
    """The oldest hundred of a state: the open ones are answered in this order."""
    wanted = select(Enquiry).where(Enquiry.state == state)
    return db.exec(wanted.order_by(col(Enquiry.sent_at), col(Enquiry.id)).limit(ROWS)).all()


def open_enquiries(db: Session) -> int:
    """How many wait for an answer."""
    return db.exec(select(func.count()).where(Enquiry.state == State.OPEN)).one()
