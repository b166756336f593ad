"""Signed statements of how far the audit reached, kept outside the database.

The chain alone does not show a cut tail or a whole rewrite; a checkpoint does. Form: C2SP
tlog-checkpoint (origin, size, base64 of the RFC 6962 root) as a signed note, Ed25519.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pymerkle import InmemoryTree
from sqlmodel import Session

from portal.infra.audit import broken_at, entries
from portal.infra.settings import settings

ORIGIN = "ehealth-portal/audit"
ED25519 = b"\x01"


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
    """Write a checkpoint of the audit as it is now; None while it is empty."""
    tree, size = _tree(db), 0
    size = tree.get_size()
    if not size:
        return None
    path = folder() / f"{size:012d}.note"
    draft = path.with_suffix(".draft")
    draft.write_text(signed(Checkpoint(size, tree.get_root()), signing_key()))
    os.replace(draft, path)
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


def troubles(db: Session) -> list[str]:
    """What is wrong with the audit: in its chain, or against each checkpoint; empty if sound."""
    found = []
    if (seq := broken_at(db)) is not None:
        found.append(f"chain broken at entry {seq}")
    tree = _tree(db)
    public = signing_key().public_key()
    for path in sorted(folder().glob("*.note")):
        try:
            checkpoint = opened(path.read_text(), public)
        except InvalidSignature:
            found.append(f"checkpoint {path.name} is not ours or was changed")
            continue
        if checkpoint.size > tree.get_size():
            found.append(f"entries after {tree.get_size()} are gone (checkpoint {path.name})")
        elif tree.get_root(checkpoint.size) != checkpoint.root:
            found.append(f"entries up to {checkpoint.size} were rewritten (checkpoint {path.name})")
    return found


def _tree(db: Session) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries(db):
        tree.append_entry(entry.hash.encode())
    return tree


def _key_id(public: Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256 over name, newline, algorithm and key (signed note)."""
    return hashlib.sha256(ORIGIN.encode() + b"\n" + ED25519 + public.public_bytes_raw()).digest()[
        :4
    ]
