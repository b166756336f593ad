"""The registration certificate: one signed page in three languages, for its applicant and staff.

Judged by pdfsig of poppler, another author's program with NSS, which trusts our root alone.
"""

import io
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import select

from jobs.running import run_waiting
from portal.cases.models import Case
from portal.certificates import own_keys, registration_papers
from portal.certificates.models import OwnKey, RegistrationPaper
from portal.infra.audit import AuditEntry
from portal.infra.db import apart, unit_of_work
from portal.infra.tickets import Job, State, Ticket
from portal.registry.actions import enter_institution, enter_location, make_effective
from portal.registry.models import Institution
from tests.people import ALICE, enter

NOW = datetime.now(UTC)


@pytest.fixture
def institution(app, authority) -> Institution:
    """One of a person's, effective, with a place; and a key that signs papers."""
    with unit_of_work(app) as db:
        made = enter_institution(
            db, kind="CLG", name_en="Chan & Co Clinics", name_tc="陳氏診所", name_sc="陈氏诊所",
            by="test", now=NOW,
        )  # fmt: skip
        place(db, made, 0)
        make_effective(db, made.id, effective_at=NOW, by="test", now=NOW)
    with unit_of_work(app):
        own_keys.renew(real=NOW)
    return made


def place(db, institution, number: int) -> None:
    enter_location(
        db, institution, district="ssp", name_en=f"Chan Clinic, Sham Shui Po Centre {number}",
        name_tc=f"陳氏診所深水埗中心第{number}分店", address_en="1 Road", address_tc="道1號",
        by="test", now=NOW,
    )  # fmt: skip


@pytest.fixture
def alice(app, institution):
    with apart() as db:
        person = enter(db, ALICE)
        db.add(
            Case(
                reference="AA2AA2AAA", sort="registration", state="registered", kind="CLG",
                applicant_id=person.id, language="en", form_version="2026-01-01", started_at=NOW,
                changed_at=NOW, institution_id=institution.id, title_en="Chan & Co",
            )
        )  # fmt: skip
    return person


def path_of(institution, lang: str = "en", staff: str = "") -> str:
    return f"/{lang}{staff}/institutions/{institution.number}/registration.pdf"


def fetched(app, client, path: str) -> bytes:
    """The first visit asks for it, the job makes it, the second gets it."""
    assert "being made" in client.get(path).text
    run_waiting(app)
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "application/pdf"
    return answer.data


@pytest.fixture
def trusting(authority, tmp_path):
    """A database of NSS that trusts our root and nothing else."""
    folder = tmp_path / "nss"
    folder.mkdir()
    root = x509.load_der_x509_certificate(authority.root).public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(root)
    for more in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", ",C,", "-i", "root.pem"]):
        subprocess.run(["certutil", "-d", f"sql:{folder}", *more], cwd=tmp_path, check=True)
    return folder


def pdfsig(folder: Path, content: bytes) -> str:
    (folder.parent / "paper.pdf").write_bytes(content)
    done = subprocess.run(
        ["pdfsig", "-nssdir", str(folder), "-no-ocsp", "paper.pdf"], cwd=folder.parent,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_another_program_finds_the_signature_sound(
    app, institution, alice, sign_in, trusting, tmp_path
):
    content = fetched(app, sign_in(alice), path_of(institution))
    said = pdfsig(trusting, content)
    assert "Signature Validation: Signature is Valid" in said, said
    assert "Certificate Validation: Certificate is Trusted" in said, said
    assert "ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    assert "eHealth Registration Office" in said


def test_a_changed_byte_is_found(app, institution, alice, sign_in, trusting):
    content = bytearray(fetched(app, sign_in(alice), path_of(institution)))
    # A digit of the date when it was made: the file opens as before.
    at = content.index(b"stream") + 40
    content[at] ^= 1
    said = pdfsig(trusting, bytes(content))
    assert "Signature is Valid" not in said
    assert "Digest Mismatch" in said or "Signature is Invalid" in said, said


def test_to_who_does_not_know_our_root_it_is_a_strangers(
    app, institution, alice, sign_in, tmp_path
):
    (tmp_path / "empty").mkdir()
    subprocess.run(
        ["certutil", "-N", "--empty-password", "-d", f"sql:{tmp_path}/empty"], check=True
    )
    said = pdfsig(tmp_path / "empty", fetched(app, sign_in(alice), path_of(institution)))
    assert "Signature is Valid" in said and "Certificate is Trusted" not in said


def text_of(content: bytes, folder: Path) -> str:
    (folder / "paper.pdf").write_bytes(content)
    done = subprocess.run(
        ["pdftotext", "-layout", "paper.pdf", "-"], cwd=folder, capture_output=True
    )
    return done.stdout.decode()


def test_it_says_the_same_in_three_languages_on_one_page(
    app, institution, alice, sign_in, tmp_path
):
    content = fetched(app, sign_in(alice), path_of(institution))
    said = text_of(content, tmp_path)
    for words in (
        "Registration certificate", "登記證明書", "登记证明书", "Chan & Co Clinics", "陳氏診所",
        "陈氏诊所", institution.number, "SAMPLE",
    ):  # fmt: skip
        assert words in said, said
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
        assert pdf.Root.Lang


def test_many_places_are_counted_and_the_page_stays_one(app, institution, alice, sign_in, tmp_path):
    with unit_of_work(app) as db:
        owner = db.get_one(Institution, institution.id)
        for number in range(1, 40):
            place(db, owner, number)
        make_effective(db, owner.id, effective_at=NOW, by="test", now=NOW)
    content = fetched(app, sign_in(alice), path_of(institution))
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
    assert "more in the public register" in text_of(content, tmp_path)


def test_it_is_made_once_and_anew_after_a_change(app, institution, alice, sign_in, session):
    client = sign_in(alice)
    first = fetched(app, client, path_of(institution))
    assert client.get(path_of(institution)).data == first
    with apart() as db:
        db.get_one(Institution, institution.id).name_en = "Wong & Co Clinics"
    assert fetched(app, client, path_of(institution)) != first
    session.rollback()
    assert len(session.exec(select(RegistrationPaper)).all()) == 2


def test_readings_are_on_record(app, institution, alice, sign_in, session, registration_officer):
    fetched(app, sign_in(alice), path_of(institution))
    staff = sign_in(registration_officer).get(path_of(institution, "tc", "/staff"))
    assert staff.status_code == 200
    session.rollback()
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "file.read")).all()
    assert {each.by for each in entries} == {
        f"person:{alice.id}",
        f"person:{registration_officer.id}",
    }
    assert {each.details["owner"] for each in entries} == {f"institution:{institution.number}"}


def test_strangers_and_the_not_effective_find_nothing(
    app, institution, alice, sign_in, stranger, session
):
    assert sign_in(stranger).get(path_of(institution)).status_code == 404
    assert app.test_client().get(path_of(institution)).status_code == 303
    assert (
        sign_in(alice).get("/en/institutions/HCI-AAA-AAA-AAA/registration.pdf").status_code == 404
    )
    with apart() as db:
        db.get_one(Institution, institution.id).ended_at = NOW - timedelta(days=1)
    assert sign_in(alice).get(path_of(institution)).status_code == 404


def test_production_prints_no_placeholder(
    app, institution, alice, sign_in, portal_settings, session
):
    sign_in(alice).get(path_of(institution))
    portal_settings.__dict__["production"] = True
    with pytest.raises(registration_papers.NeedsStaff), unit_of_work(app) as db:
        owner = db.get_one(Institution, institution.id)
        registration_papers.make(db, owner, now=NOW, real=NOW)
    portal_settings.__dict__["production"] = False


def test_without_a_key_for_papers_it_waits(app, institution, alice, sign_in, session):
    with apart() as db:
        for each in db.exec(select(OwnKey)):
            db.delete(each)
    sign_in(alice).get(path_of(institution))
    run_waiting(app)
    session.rollback()
    [ticket] = session.exec(select(Ticket).where(Ticket.job == Job.REGISTRATION_PAPER)).all()
    assert ticket.state == State.WAITING and "KeyUnavailable" in ticket.problem


def test_the_page_as_a_picture(app, institution, alice, sign_in, tmp_path):
    """Drawn, so that somebody can look at it: PORTAL_PICTURES keeps it."""
    content = fetched(app, sign_in(alice), path_of(institution))
    (tmp_path / "paper.pdf").write_bytes(content)
    subprocess.run(["pdftoppm", "-png", "-r", "60", "paper.pdf", "paper"], cwd=tmp_path, check=True)
    [picture] = tmp_path.glob("paper*.png")
    if folder := os.environ.get("PORTAL_PICTURES"):
        shutil.copy(picture, Path(folder) / "registration-certificate.png")
