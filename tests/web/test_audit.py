"""P17: the audit shows tampering: edit, delete, swap, cut and rewrite of many entries."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, col

from portal.infra import checkpoints
from portal.infra.audit import START, AuditEntry, AuditHead, broken_at, digest, record
from portal.infra.checkpoints import Checkpoint, opened, signed

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MANY = 2000


@pytest.fixture
def audited(app, session: Session) -> Session:
    for number in range(MANY):
        record(session, "test.done", by="person:1", at=NOW, subject=f"thing:{number}")
    session.commit()
    with app.app_context():
        checkpoints.take(session)
    return session


def troubles(app, session: Session) -> list[str]:
    session.rollback()
    with app.app_context():
        return checkpoints.troubles(session)


def test_an_untouched_audit_is_sound_and_quickly_verified(app, audited):
    began = time.perf_counter()
    assert troubles(app, audited) == []
    assert time.perf_counter() - began < 5


def test_an_edit_is_found(app, audited):
    audited.execute(update(AuditEntry).where(col(AuditEntry.seq) == 1000).values(by="person:2"))
    audited.commit()
    assert troubles(app, audited)[0] == "chain broken at entry 1000"


def test_a_deletion_is_found(app, audited):
    audited.execute(delete(AuditEntry).where(col(AuditEntry.seq) == 1000))
    audited.commit()
    assert troubles(app, audited)[0] == "chain broken at entry 1000"


def test_a_swap_is_found(app, audited):
    for old, new in ((1000, -1), (1001, 1000), (-1, 1001)):
        audited.execute(update(AuditEntry).where(col(AuditEntry.seq) == old).values(seq=new))
    audited.commit()
    assert troubles(app, audited)[0] == "chain broken at entry 1000"


def test_a_cut_tail_is_found_by_the_checkpoint_alone(app, audited):
    audited.execute(delete(AuditEntry).where(col(AuditEntry.seq) > 1990))
    last = audited.get_one(AuditEntry, 1990)
    audited.execute(update(AuditHead).values(seq=1990, hash=last.hash))
    audited.commit()
    assert broken_at(audited) is None
    assert any("entries after 1990 are gone" in t for t in troubles(app, audited))


def test_a_whole_rewrite_is_found_by_the_checkpoint_alone(app, audited):
    rows = [dict(r._mapping) for r in audited.execute(select(AuditEntry.__table__))]
    audited.execute(delete(AuditEntry))
    previous = START
    for row in rows:
        row["by"], row["previous"] = "person:9", previous
        row["hash"] = previous = digest(row["seq"], AuditEntry(**row), previous)
    audited.execute(insert(AuditEntry), rows)
    audited.execute(update(AuditHead).values(hash=previous))
    audited.commit()
    assert broken_at(audited) is None
    assert any("were rewritten" in t for t in troubles(app, audited))


def test_a_changed_note_is_not_believed(app, audited):
    with app.app_context():
        path = next(checkpoints.folder().glob("*.note"))
    path.write_text(path.read_text().replace(str(MANY), str(MANY - 1)))
    assert troubles(app, audited) == [f"checkpoint {path.name} is not ours or was changed"]


def test_the_root_is_that_of_rfc_6962():
    """Against the definition itself, for the sizes where the tree's shape changes."""
    import hashlib

    from pymerkle import InmemoryTree

    def root(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return hashlib.sha256(b"\x00" + leaves[0]).digest()
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        both = root(leaves[:split]) + root(leaves[split:])
        return hashlib.sha256(b"\x01" + both).digest()

    tree = InmemoryTree(algorithm="sha256")
    leaves = [str(n).encode() for n in range(9)]
    for size, leaf in enumerate(leaves, start=1):
        tree.append_entry(leaf)
        assert tree.get_root() == root(leaves[:size])


def test_a_note_opens_with_the_key_that_signed_it(app):
    with app.app_context():
        key = checkpoints.signing_key()
    made = Checkpoint(7, b"\x01" * 32)
    assert opened(signed(made, key), key.public_key()) == made


def test_nothing_is_recorded_of_what_is_rolled_back(session):
    record(session, "test.undone", by="person:1", at=NOW, subject="thing:1")
    session.rollback()
    session.commit()
    assert session.execute(select(AuditEntry)).all() == []
