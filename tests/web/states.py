"""Pages in states that no address leads to by itself: refused, waiting, declined, lapsed, failed.

One application is made through the pages; the others are copies of it, brought where they are to
be by what the office and the calendar do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from sqlmodel import Session, SQLModel, col, select

from jobs.running import run_waiting
from portal.accounts.models import Person, SignInSession
from portal.application import deciding
from portal.cases.models import Acknowledgement, Answer, Case, CaseDocument, CaseEvent
from portal.infra.db import unit_of_work
from portal.infra.file_models import FileState, StoredFile
from portal.infra.guards import Who
from portal.infra.scanning.verdicts import Reason
from portal.infra.tickets import Job
from portal.infra.tickets_models import State as TicketState
from portal.infra.tickets_models import Ticket
from portal.kernel.hktime import hk_date
from portal.kernel.identifiers import new_code
from portal.labels.models import LabelBatch
from portal.registry.scheme import scheme
from portal.support.actions import note_answered
from portal.support.models import Enquiry
from tests.applying import Applicant, soundly
from tests.connecting import all_connected
from tests.people import SignIn, as_who
from tests.web.world import ask_question, order_label, registered_place

LONG = {
    "name_en": "Kowloon and New Territories Joint Association of Family Medicine Clinics Ltd",
    "name_tc": "九龍及新界家庭醫學聯合診所暨社區健康服務中心有限公司" * 3,
}
LONG_ADDRESS = {
    "address_en": "Flat 12B, 23/F, Block 4, Extraordinarily Long Named Building, 1234 Nathan Rd",
    "address_tc": "九龍彌敦道一二三四號超長名稱商業大廈" * 3,
}
REASONS = "The business registration is of another company.\n\n商業登記證屬另一間公司。"
Bring = Callable[[Session, Case, datetime, Who], None]


@dataclass(frozen=True)
class Seen:
    """A page in a state: its name, who looks at it, and where. `{lang}` stands in the path."""

    name: str
    role: str
    path: str
    press: bool = False
    """Whether its main button is pressed, as it is, to see what the page complains of."""


def states(app: Flask, sign_in: SignIn, owner: Person, officer: Person) -> list[Seen]:
    """Make everything that is to be looked at besides `world.build`, and say where it is."""
    registered_place(app)
    applying = Applicant(sign_in(owner)).begin("CLG").fill()
    applying.submit()
    run_waiting(app)
    found = [*PLAIN, *_draft(app, sign_in, owner, applying.reference)]
    for name, bring in STATES.items():
        found += _brought(app, applying.reference, name, bring, as_who(officer))
    found += [*_office(app, sign_in(officer)), *_enquiry(app, officer)]
    return [*found, *_kept(app, sign_in, owner)]


PLAIN = [
    Seen("enquiry-mistakes", "nobody", "/{lang}/enquiry", press=True),
    Seen("sign-in-mistakes", "nobody", "/{lang}/account/sign-in", press=True),
    Seen("sign-up-mistakes", "nobody", "/{lang}/account/sign-up", press=True),
    Seen("kind-mistakes", "applicant", "/{lang}/apply/new", press=True),
    Seen("not-found", "nobody", "/{lang}/no-such-page"),
    Seen("forbidden", "applicant", "/{lang}/staff/due/"),
    Seen("register-nothing", "nobody", "/{lang}/register/?q=zzzzqqq"),
    Seen("register-results", "nobody", "/{lang}/register/?q=clinic"),
    Seen("queue-setup", "supervisor", "/{lang}/staff/applications/?queue=setup"),
    Seen("queue-done", "supervisor", "/{lang}/staff/applications/?queue=done"),
    Seen("queue-none", "supervisor", "/{lang}/staff/applications/?q=nothing-like-it"),
]


def _draft(app: Flask, sign_in: SignIn, owner: Person, like: str) -> list[Seen]:
    """A draft with the longest names, one file refused, the others waiting for the scanner."""
    applying = Applicant(sign_in(owner)).begin("CLG")
    applying.acknowledge()
    applying.save("institution", {**soundly("institution"), **LONG})
    applying.add("users", soundly("users"))
    for _ in range(2):
        applying.add("locations", {**soundly("locations"), **LONG, **LONG_ADDRESS})
    with unit_of_work(app) as db:
        draft = _case(db, applying.reference)
        _copy_files(db, _case(db, like), draft, spoilt)
    path = f"/{{lang}}/apply/{applying.reference}"
    return [
        Seen("tasks-problems", "applicant", f"{path}/"),
        Seen("documents-refused", "applicant", f"{path}/documents"),
        Seen("locations-long", "applicant", f"{path}/locations"),
        Seen("institution-long", "applicant", f"{path}/institution"),
        Seen("review-long", "applicant", f"{path}/review"),
        Seen("review-undeclared", "applicant", f"{path}/review", press=True),
    ]


def _brought(app: Flask, like: str, name: str, bring: Bring, who: Who) -> list[Seen]:
    """A copy of the application brought somewhere, as its applicant and the office see it."""
    with unit_of_work(app) as db:
        case = _copied(db, _case(db, like), FILES.get(name, sound))
        bring(db, case, datetime.now(UTC), who)
        reference = case.reference
    return [
        Seen(f"status-{name}", "applicant", f"/{{lang}}/apply/{reference}/"),
        Seen(f"case-{name}", "supervisor", f"/{{lang}}/staff/applications/{reference}/"),
    ]


def _missing(db: Session, case: Case, now: datetime, _who: Who) -> None:
    deciding.documents_limit(db, case, 14, now=now)


def _declined(db: Session, case: Case, now: datetime, who: Who) -> None:
    deciding.decline(db, case, reasons=REASONS, by=who, now=now)


def _lapsed(db: Session, case: Case, now: datetime, _who: Who) -> None:
    deciding.documents_limit(db, case, 0, now=now + timedelta(days=60))


def _set_up(db: Session, case: Case, now: datetime, who: Who) -> None:
    deciding.accept(db, case, by=who, scheme=scheme(hk_date(now)), now=now)
    case.handed_over_at = now
    deciding.setup_limit(db, case, 14, now=now + timedelta(days=46))


def _settling(db: Session, case: Case, now: datetime, who: Who) -> None:
    deciding.accept(db, case, by=who, scheme=scheme(hk_date(now)), now=now)
    case.handed_over_at = now
    all_connected(db, case, now=now)


def _registered(db: Session, case: Case, now: datetime, who: Who) -> None:
    _settling(db, case, now, who)
    case.handed_over_at = now - timedelta(days=20)
    deciding.take_effect(db, case, now=now)


STATES: dict[str, Bring] = {
    "documents-missing": _missing,
    "declined": _declined,
    "lapsed": _lapsed,
    "set-up": _set_up,
    "settling": _settling,
    "registered": _registered,
}


def sound(_file: StoredFile, _at: int) -> None:
    """Files stay as they were."""


def spoilt(file: StoredFile, at: int) -> None:
    """The first is refused; about the others the scanner does not answer."""
    if at:
        file.state, file.unanswered = FileState.CHECKING, 3
        return
    file.state, file.reason = FileState.REFUSED, Reason.TYPE_MISMATCH
    file.blob = file.thumbnail_blob = ""
    file.filename = "scan of the business registration certificate " * 3 + ".pdf"


def destroyed(file: StoredFile, _at: int) -> None:
    file.state = FileState.REMOVED
    file.blob = file.thumbnail_blob = file.filename = ""


FILES = {"documents-missing": spoilt, "lapsed": destroyed}


def _case(db: Session, reference: str) -> Case:
    return db.exec(select(Case).where(Case.reference == reference)).one()


def _like(row: SQLModel, **otherwise: Any) -> Any:
    """Another row with the same columns, `otherwise` excepted."""
    return type(row)(**{**row.model_dump(exclude={"id"}), **otherwise})


def _copied(db: Session, case: Case, change: Callable[[StoredFile, int], None]) -> Case:
    copy: Case = _like(case, reference=new_code(), copy_file_id=None)
    db.add(copy)
    db.flush()
    for table in (Answer, Acknowledgement, CaseEvent):
        for row in db.exec(select(table).where(table.case_id == case.id)).all():
            db.add(_like(row, case_id=copy.id))
    _copy_files(db, case, copy, change)
    return copy


def _copy_files(
    db: Session, case: Case, copy: Case, change: Callable[[StoredFile, int], None]
) -> None:
    documents = select(CaseDocument).where(CaseDocument.case_id == case.id)
    for at, document in enumerate(db.exec(documents).all()):
        file: StoredFile = _like(db.get_one(StoredFile, document.file_id))
        change(file, at)
        db.add_all((file, _like(document, case_id=copy.id, file_id=file.id)))
    db.flush()


def _office(app: Flask, client: Any) -> list[Seen]:
    """An order of labels that could not be drawn, and other work that failed."""
    with unit_of_work(app) as db:
        order_label(client, db)
        labels = db.exec(select(Ticket).where(Ticket.job == Job.PRINT_LABELS)).one()
        limit = db.exec(select(Ticket).where(Ticket.job == Job.SETUP_LIMIT)).first()
        for ticket in (labels, limit):
            ticket.state, ticket.attempts = TicketState.FAILED, 5
            ticket.problem = "RuntimeError at portal/labels/drawing.py:120 in draw_everything"
            ticket.finished_at = datetime.now(UTC)
        reference = db.exec(select(LabelBatch.reference)).one()
    orders = "/{lang}/staff/labels/batches/"
    return [
        Seen("batch-failed", "supervisor", f"{orders}{reference}/"),
        Seen("batches-failed", "supervisor", orders),
        Seen("work-failed", "supervisor", "/{lang}/staff/due/"),
        Seen("labels-unchosen", "supervisor", "/{lang}/staff/labels/?show=all", press=True),
    ]


def _enquiry(app: Flask, officer: Person) -> list[Seen]:
    """A long question, answered."""
    ask_question(app.test_client())
    with unit_of_work(app) as db:
        enquiry = db.exec(select(Enquiry).order_by(col(Enquiry.id).desc())).one()
        enquiry.message = "How do I join?\n\n" + "我們是一間小型診所，想查詢如何登記加入。" * 20
        enquiry.institution, enquiry.name = LONG["name_en"], "陳大文"
        note_answered(db, enquiry, by=officer.id or 0, now=datetime.now(UTC))
        reference = enquiry.reference
    return [
        Seen("enquiry-answered", "supervisor", f"/{{lang}}/enquiries/{reference}"),
        Seen("enquiries-answered", "supervisor", "/{lang}/enquiries/?state=answered"),
    ]


def _kept(app: Flask, sign_in: SignIn, owner: Person) -> list[Seen]:
    """A form sent after the session was over: asked to sign in, and offered again then."""
    client = sign_in(owner)
    client.get("/en/account/particulars")
    with unit_of_work(app) as db:
        newest = select(SignInSession).order_by(col(SignInSession.id).desc())
        session = db.exec(newest).first()
        session.last_seen_at = datetime.now(UTC) - timedelta(hours=3)
    answer = client.post("/en/account/particulars", data={"name": "Alice Au", "language": "tc"})
    kept = parse_qs(urlsplit(answer.location).query)["next"][0]
    return [
        Seen("sign-in-kept", "nobody", answer.location.replace("/en/", "/{lang}/", 1)),
        Seen("typing-kept", "applicant", kept.replace("/en/", "/{lang}/", 1)),
    ]
