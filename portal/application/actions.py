"""What applicants do with an application: begin it, save it, submit it once."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from portal.application import emails
from portal.application.progress import Section, sections
from portal.application.steps import STEPS
from portal.cases.actions import start, tell
from portal.cases.models import Case
from portal.cases.notices import not_acceptable, notices_for
from portal.cases.queries import answer_to, locked, rows_of
from portal.cases.rules import State, documents_due, reminder_times
from portal.cases.standing import limits
from portal.forms.fields import Answers, StepForm
from portal.infra.audit import record
from portal.infra.guards import Who
from portal.infra.settings import settings
from portal.infra.tickets import Job, enqueue
from portal.kernel.hktime import hk_date
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_
from portal.registry.scheme import Scheme

REGISTRATION = "registration"


def begin(db: Session, kind: str, *, by: Who, language: str, scheme: Scheme, now: datetime) -> Case:
    """A new draft for an institution of `kind`.

    Raises:
        Refused: no institution of this kind can apply today.
    """
    if kind not in {k.code for k in scheme.kinds}:
        raise Refused(N_("Choose the kind of institution"))
    refuse_samples(kind, scheme)
    version = hk_date(now).isoformat()
    case = start(
        db, sort=REGISTRATION, kind=kind, applicant_id=by.id, language=language,
        version=version, now=now,
    )  # fmt: skip
    record(db, "application.started", by=by.on_record, at=now, subject=f"case:{case.reference}")
    return case


def refuse_samples(kind: str, scheme: Scheme) -> None:
    """In production nobody is bound by a text that is only a sample of the official one.

    Raises:
        Refused: a notice for this kind of institution is still a SAMPLE.
    """
    shown = notices_for(scheme.kind[kind].conditions, scheme.on)
    if not_acceptable(shown, production=settings().production):
        raise Refused(N_("Applications cannot be made yet: an official notice is not in place"))


def given(case: Case, scheme: Scheme) -> Answers:
    """What the steps' conditions look at besides their own answers."""
    return {"kind": case.kind, "licence": scheme.kind[case.kind].licence}


def take_particulars(case: Case, form: StepForm) -> None:
    """Keep the institution's names where lists find them, and in which language to write to it."""
    kept = form.answers()
    case.language = form.cleaned().get("letters") or case.language
    case.title_en, case.title_tc = str(kept.get("name_en") or ""), str(kept.get("name_tc") or "")


def submit(db: Session, case: Case, *, by: Who, scheme: Scheme, now: datetime) -> bool:
    """Hand the application in, once: False if it was handed in before (a second click).

    Raises:
        Refused: something is missing, or was found sound under an earlier form of the questions.
    """
    if locked(db, case).state != State.DRAFT:
        return False
    open_points = missing(db, case, scheme, now) or unsound(db, case, scheme)
    if open_points:
        raise Refused(N_("The application is not complete yet"), tuple(open_points))
    case.state, case.submitted_at, case.changed_at = State.SUBMITTED, now, now
    db.add(case)
    tell(db, case, "submitted", now)
    record(db, "application.submitted", by=by.on_record, at=now, subject=f"case:{case.reference}")
    enqueue(db, Job.APPLICATION_COPY, once=copy_named(case), case_id=case.id or 0)
    emails.received(db, case, to=by)
    watch_documents(db, case, now)
    return True


def copy_named(case: Case) -> str:
    """The name of the work of making the PDF copy."""
    return f"copy:{case.reference}"


def missing(db: Session, case: Case, scheme: Scheme, now: datetime) -> list[Problem]:
    """What stops the application from being submitted at `now`; `at` is the section's key."""
    return [
        Problem(section.key, message)
        for section in sections(db, case, scheme, hk_date(now))
        for message in section.missing
    ]


def unsound(db: Session, case: Case, scheme: Scheme) -> list[Problem]:
    """Judge every answer anew: the questions may be a newer version's than when it was saved.

    The dated tables cannot have changed, since they are pinned. Takes a second for 500 locations,
    so it is done once, at submission.
    """
    around = {"tables": scheme, "given": given(case, scheme)}
    for step in STEPS:
        saved = rows_of(db, case, step.key) if step.many else [answer_to(db, case, step.key)]
        forms = step.filled_rows((a.answers for a in saved if a), **around)
        if any(form.problems() for form in forms):
            return [Problem(step.key, N_("Some answers here need attention"))]
    return []


def watch_documents(db: Session, case: Case, now: datetime) -> None:
    """Set the reminders and the end of the days within which documents must be complete."""
    assert case.submitted_at is not None
    due = documents_due(case.submitted_at, limits())
    for days, at in [*reminder_times(due, now), (0, due)]:
        once = f"documents:{case.reference}:{days}"
        enqueue(db, Job.DOCUMENTS_LIMIT, once=once, due=at, case_id=case.id or 0, days=days)


def task_list(db: Session, case: Case, scheme: Scheme, now: datetime) -> Sequence[Section]:
    return sections(db, case, scheme, hk_date(now))
