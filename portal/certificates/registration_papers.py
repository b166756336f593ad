"""The registration certificate of an institution: one A4 page in three languages, signed.

PAdES baseline B-B by pyHanko, under a key that the issuing authority certified for papers. The
same entry of the register gives the same paper, so one is made for each state of an entry.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from pathlib import Path

import pikepdf
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate as Asn1Certificate
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import render_template
from markupsafe import Markup
from sqlmodel import Session, select

from portal.certificates.authorities import active_authority
from portal.certificates.keys import KeyUnavailable
from portal.certificates.models import Authority, RegistrationPaper
from portal.certificates.own_keys import Opened, opened
from portal.certificates.rules import Purpose
from portal.infra.files import keep
from portal.infra.i18n import HTML_LANG, LANGS, speaking
from portal.infra.mail import link
from portal.infra.printing import write_pdf
from portal.infra.settings import settings
from portal.infra.tickets import Job, NeedsStaff, enqueue, let_go
from portal.kernel.hktime import hk_date
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import is_effective
from portal.registry.scheme import scheme

ROOT = Path(__file__).resolve().parents[2]
SHEET = ROOT / "templates" / "print" / "registration.css"
PLACEHOLDER = ROOT / "static" / "img" / "ehealth-mark.svg"
SHOWN_PLACES = 12
"""More would not fit on one page; the rest are counted, and stand in the public register."""
TEMPLATE = 1
"""Raise it when the page's design or words change: papers are then made anew."""


def paper_of(db: Session, institution: Institution, *, now: datetime) -> RegistrationPaper | None:
    """The paper that says what the register says now; None, and work is asked for, if it is
    still to be made.

    Raises:
        NotHere: the institution is not effective, so there is nothing to certify.
    """
    if not is_effective(institution, now=now):
        raise NotHere
    says = digest(institution, _places(institution, now))
    if (found := _saying(db, institution, says)) is None:
        enqueue(
            db, Job.REGISTRATION_PAPER, once=f"paper:{institution.id}:{says}",
            institution_id=institution.id or 0,
        )  # fmt: skip
    return found


def make(db: Session, institution: Institution, *, now: datetime, real: datetime) -> None:
    """Draw, sign and file the paper of an effective institution, once for each state.

    Raises:
        NeedsStaff: production has no mark to print.
        KeyUnavailable: there is no key for papers yet; the calendar makes one.
    """
    if settings().production and not settings().label_mark:
        raise NeedsStaff("LABEL_MARK is not set")
    places = _places(institution, now)
    says = digest(institution, places)
    if not is_effective(institution, now=now) or _saying(db, institution, says):
        return
    authority = active_authority(db)
    key = opened(db, authority.id, Purpose.PAPERS, real)
    if key is None:
        raise KeyUnavailable("no key for papers")
    let_go(db)
    content = signed(drawn(institution, places, now=now), key, authority, at=real)
    stored = keep(
        db, content, filename=f"eHealth-{institution.number}.pdf", media_type="application/pdf",
        owner=f"institution:{institution.number}", now=now,
    )  # fmt: skip
    db.add(
        RegistrationPaper(
            institution_id=institution.id or 0, says=says, file_id=stored.id, made_at=now
        )
    )


def digest(institution: Institution, places: Sequence[ServiceLocation]) -> str:
    """Of everything on the paper that can change."""
    names = [[each.number, each.name_en, each.name_tc, each.name_sc] for each in places]
    told = [institution.kind, str(institution.effective_at), settings().label_mark, names]
    own = [institution.number, institution.name_en, institution.name_tc, institution.name_sc]
    return hashlib.sha256(json.dumps([TEMPLATE, own, told]).encode()).hexdigest()


def drawn(institution: Institution, places: Sequence[ServiceLocation], *, now: datetime) -> bytes:
    """The page, not signed: with as many places as it has room for, the others counted."""
    for shown in range(min(len(places), SHOWN_PLACES), -1, -1):
        made = _page(institution, places[:shown], len(places) - shown, now)
        with pikepdf.open(io.BytesIO(made)) as written:
            if len(written.pages) == 1:
                return made
    raise AssertionError("the names alone are longer than a page")


def _page(
    institution: Institution, places: Sequence[ServiceLocation], more: int, now: datetime
) -> bytes:
    parts, kind = [], scheme(hk_date(now)).kind[institution.kind]
    for lang in LANGS:
        with speaking(lang):
            shown = {"institution": institution, "kind": kind, "more": more, "when": now}
            part = render_template(
                "print/registration_part.html", count=len(places) + more, **shown
            )
            parts.append((HTML_LANG[lang], Markup(part)))
    with speaking("en"):
        html = render_template(
            "print/registration.html", institution=institution, parts=parts, places=places,
            address=link("registry.institution", number=institution.number),
        )  # fmt: skip
    mark = Path(settings().label_mark or PLACEHOLDER).read_bytes()
    return write_pdf(html, css=_css(), lang="en", images={"mark": mark})


def signed(content: bytes, by: Opened, authority: Authority, *, at: datetime) -> bytes:
    """The PDF with our signature over every byte of it, and the chain to the root inside."""
    # Loaded with the first paper: nothing else needs them, and they take half a second.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    chain.register_multiple(
        Asn1Certificate.load(der) for der in (authority.certificate, authority.root)
    )
    key = by.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        signing_cert=Asn1Certificate.load(by.certificate.public_bytes(Encoding.DER)),
        signing_key=PrivateKeyInfo.load(key),
        cert_registry=chain,
    )
    about = PdfSignatureMetadata(
        field_name="RegistrationOffice",
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        embed_validation_info=False,
    )
    # pyHanko starts an event loop, which a thread that has one already does not allow.
    with ThreadPoolExecutor(1) as apart_from_ours:
        writer = IncrementalPdfFileWriter(io.BytesIO(content))
        written = apart_from_ours.submit(sign_pdf, writer, about, signer=signer).result()
    return bytes(written.getvalue())


def _saying(db: Session, institution: Institution, says: str) -> RegistrationPaper | None:
    wanted = select(RegistrationPaper).where(
        RegistrationPaper.institution_id == institution.id, RegistrationPaper.says == says
    )
    return db.exec(wanted).one_or_none()


def _places(institution: Institution, now: datetime) -> list[ServiceLocation]:
    return [place for place in institution.locations if is_effective(place, now=now)]


@cache
def _css() -> str:
    return SHEET.read_text()
