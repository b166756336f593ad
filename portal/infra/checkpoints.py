"""Signed statements of how far the audit reached, kept outside the database.

The chain alone does not show a cut tail or a whole rewrite; a checkpoint does. Form: C2SP
tlog-checkpoint (origin, size, base64 of the RFC 6962 root) as a signed note, Ed25519.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pymerkle import InmemoryTree
from sqlmodel import Session

from portal.infra.audit import walked, written_after
from portal.infra.settings import settings

ORIGIN = "ehealth-portal/audit"
ED25519 = b"\x01"
PATIENCE = timedelta(hours=3)
"""How long an entry may be without a checkpoint: two that the calendar asked for were missed."""


class Tampered(Exception):
    """The audit does not agree with itself or with a checkpoint: what it says, line by line."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(*found)
        self.found = found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries had this Merkle root."""

    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{ORIGIN}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def folder() -> Path:
    place = settings().home / "audit"
    place.mkdir(exist_ok=True)
    return place


def signing_key() -> Ed25519PrivateKey:
    seed = settings().secret("audit_key")
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def take(db: Session) -> Path | None:
    """Write a checkpoint of the audit as it is now; None while it is empty.

    Raises:
        Tampered: the audit is not what it was. Signing that would cover it up.
    """
    tree, found = _examined(db)
    if found:
        raise Tampered(found)
    size = tree.get_size()
    if not size:
        return None
    return _kept(size, signed(Checkpoint(size, tree.get_root()), signing_key()))


def _kept(size: int, note: str) -> Path:
    """The note in its file, whole or not at all; one that is there is never written over."""
    path = folder() / f"{size:012d}.note"
    draft = path.with_suffix(f".{uuid4().hex}.draft")
    draft.write_text(note)
    try:
        os.link(draft, path)
    except FileExistsError:
        if path.read_text() != note:
            raise Tampered([f"checkpoint {path.name} says something else"]) from None
    finally:
        draft.unlink()
    return path


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """`checkpoint` as a signed note."""
    public = key.public_key()
    signature = _key_id(public) + key.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n— {ORIGIN} {base64.b64encode(signature).decode()}\n"


def opened(note: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a signed note.

    Raises:
        InvalidSignature: the note is not ours or was changed.
    """
    text, _, last = note.partition("\n\n")
    try:
        origin, size, root = text.split("\n")
        signature = base64.b64decode(last.split()[2])
    except (ValueError, IndexError) as error:
        raise InvalidSignature from error
    if origin != ORIGIN or signature[:4] != _key_id(public):
        raise InvalidSignature
    public.verify(signature[4:], f"{text}\n".encode())
    return Checkpoint(int(size), base64.b64decode(root))


def troubles(db: Session, now: datetime) -> list[str]:
    """All that is wrong with the audit: its entries against themselves and the checkpoints.

    Also when it cannot be shown to be sound, for want of a checkpoint; empty if sound.
    """
    _tree, found = _examined(db)
    return [*found, *_unsigned(db, now)]


def _examined(db: Session) -> tuple[InmemoryTree, list[str]]:
    """The audit's tree, and what does not fit in the chain or with a checkpoint."""
    chain, tree = walked(db), InmemoryTree(algorithm="sha256")
    for hash_ in chain.hashes:
        tree.append_entry(hash_.encode())
    broken = [] if chain.broken_at is None else [f"chain broken at entry {chain.broken_at}"]
    public = signing_key().public_key()
    against = (_misfit(tree, path, public) for path in _notes())
    return tree, broken + [misfit for misfit in against if misfit]


def _misfit(tree: InmemoryTree, path: Path, public: Ed25519PublicKey) -> str:
    """What `tree` has against a checkpoint; nothing if they fit."""
    try:
        checkpoint = opened(path.read_text(), public)
    except InvalidSignature:
        return f"checkpoint {path.name} is not ours or was changed"
    if path.stem != f"{checkpoint.size:012d}":
        return f"checkpoint {path.name} has another's name"
    if checkpoint.size > tree.get_size():
        return f"entries after {tree.get_size()} are gone (checkpoint {path.name})"
    if tree.get_root(checkpoint.size) != checkpoint.root:
        return f"entries up to {checkpoint.size} were rewritten (checkpoint {path.name})"
    return ""


def _unsigned(db: Session, now: datetime) -> list[str]:
    """Whether entries wait for a checkpoint, which is taken every hour, that does not come."""
    covered = max((int(path.stem) for path in _notes() if path.stem.isdecimal()), default=0)
    since = written_after(db, covered)
    if since is None:
        return []
    if not covered:
        return ["no checkpoint yet: that nothing was rewritten cannot be shown"]
    late = now - since > PATIENCE
    return [f"newest checkpoint too old: entries after {covered} have none"] if late else []


def _notes() -> list[Path]:
    return sorted(folder().glob("*.note"))


def _key_id(public: Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256 over name, newline, algorithm and key (signed note)."""
    return hashlib.sha256(ORIGIN.encode() + b"\n" + ED25519 + public.public_bytes_raw()).digest()[
        :4
    ]
