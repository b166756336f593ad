"""Printing a batch of labels."""

from sqlmodel import Session

from jobs.running import job
from portal.infra.clock import now
from portal.infra.tickets import Job, let_go, progress
from portal.labels.models import LabelBatch
from portal.labels.printing_run import (
    faces_in,
    file_batch,
    finish,
    folder_of,
    print_all,
    sheet_of,
    tidy,
)


@job(Job.PRINT_LABELS, seconds=3600)
def print_labels(db: Session, *, batch_id: int) -> None:
    """Draw a batch and keep its PDF. Safe to repeat: the serials were on record before.

    Drawing holds no transaction; documents that are drawn already are taken as they are.
    """
    batch = db.get_one(LabelBatch, batch_id)
    if batch.drawn_at is not None:
        return
    faces = faces_in(db, batch, now())
    let_go(db)
    if not faces:
        finish(db, batch, printed=0, now=now())
        return
    content = print_all(
        faces,
        sheet_of(batch),
        start=batch.start,
        folder=folder_of(batch),
        report=lambda done: progress(None, done, batch.size),
    )
    file_batch(db, batch, content, printed=len(faces), now=now())
    tidy(batch)
