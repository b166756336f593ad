"""The offline root and the issuing authorities below it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlmodel import Session, col, select

from portal.certificates import keys
from portal.certificates.keys import ROOT_SIZE, FileSigner, write_key
from portal.certificates.linting import judge_certificate
from portal.certificates.models import Authority
from portal.certificates.profiles import authority_certificate, name
from portal.infra.audit import record
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.kernel.text import N_

ROOT_LASTS = timedelta(days=20 * 365)
AUTHORITY_LASTS = timedelta(days=6 * 365)
NO_ROOT = N_("There is no root in this folder, or its passphrase is another")
DEMONSTRATION = "SAMPLE eHealth demonstration"
NAME = "eHealth Secure Connection"


@dataclass(frozen=True, slots=True)
class Root:
    """The offline root, opened for as long as it takes to sign an issuing authority."""

    certificate: x509.Certificate
    signer: FileSigner


def active_authority(db: Session) -> Authority:
    """The one that issues.

    Raises:
        Refused: there is none yet.
    """
    found = db.exec(select(Authority).where(Authority.active == 1)).one_or_none()
    if found is None:
        raise Refused(N_("There is no issuing authority yet: bin/portal ca init"))
    return found


def authorities(db: Session) -> list[Authority]:
    """All there ever were, the oldest first."""
    return list(db.exec(select(Authority).order_by(col(Authority.id))))


def has_demonstration(db: Session) -> bool:
    """Whether one of them was signed by the root of a portal that was not production's."""
    issuers = (certificate_of(each).issuer for each in authorities(db))
    named = (who.get_attributes_for_oid(NameOID.ORGANIZATION_NAME) for who in issuers)
    return any(each.value == DEMONSTRATION for found in named for each in found)


def certificate_of(authority: Authority) -> x509.Certificate:
    return x509.load_der_x509_certificate(authority.certificate)


def chain(db: Session) -> str:
    """Root and issuing authorities as nginx wants them to check certificates against: PEM."""
    all_of_them = authorities(db)
    found = dict.fromkeys([a.certificate for a in all_of_them] + [a.root for a in all_of_them])
    return "".join(
        x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in found
    )


def make_root(folder: Path, now: datetime) -> Root:
    """A new root in `folder`, which belongs offline afterwards.

    Raises:
        Refused: there is one in it.
    """
    passphrase = settings().secret("ca_root_passphrase")
    try:
        write_key(folder / "root.key.pem", ROOT_SIZE, passphrase)
    except FileExistsError as error:
        raise Refused(N_("There is a root in this folder already")) from error
    opened = FileSigner(folder / "root.key.pem", passphrase)
    builder = authority_certificate(
        opened.public_key,
        name(_organization(), f"{NAME} Root {now.year}"),
        issuer=None,
        not_before=now - timedelta(hours=1),
        not_after=now + ROOT_LASTS,
    )
    made = builder.sign(opened.private_key, SHA256())
    judge_certificate(made.public_bytes(Encoding.DER))
    (folder / "root.pem").write_bytes(made.public_bytes(Encoding.PEM))
    return Root(made, opened)


def open_root(folder: Path) -> Root:
    """The root that was made in `folder`.

    Raises:
        Refused: it is not there.
    """
    try:
        made = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
        opened = FileSigner(folder / "root.key.pem", settings().secret("ca_root_passphrase"))
    except (OSError, ValueError, keys.KeyUnavailable) as error:
        raise Refused(
            N_("There is no root in this folder, or its passphrase is another")
        ) from error
    return Root(made, opened)


def make_authority(db: Session, root: Root, *, by: str, now: datetime) -> Authority:
    """A new issuing authority with a key of its own, signed by `root`; any present one retires.

    The key is made first: a failure after that leaves a key that nobody certified, which is
    harmless.
    """
    number = len(authorities(db)) + 1
    label = f"issuing-{now:%Y%m%d%H%M%S}-{number}"
    public = keys.make_key(label)
    title = f"{NAME} CA {number}"
    builder = authority_certificate(
        public,
        name(_organization(), title),
        issuer=root.certificate,
        not_before=now - timedelta(hours=1),
        not_after=now + AUTHORITY_LASTS,
    )
    made = builder.sign(root.signer.private_key, SHA256()).public_bytes(Encoding.DER)
    judge_certificate(made)
    for present in authorities(db):
        if present.retired_at is None:
            present.retired_at, present.active = now, None
            db.add(present)
    db.flush()
    authority = Authority(
        name=title,
        key_label=label,
        certificate=made,
        root=root.certificate.public_bytes(Encoding.DER),
        created_at=now,
    )
    db.add(authority)
    db.flush()
    record(db, "authority.made", by=by, at=now, subject=f"authority:{authority.id}")
    return authority


def _organization() -> str:
    return "eHealth" if settings().production else DEMONSTRATION
