"""A service location by its certificate: believed from nginx alone, judged with every request."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import Session, select

from jobs.running import run_waiting
from portal.certificates.actions import revoke
from portal.certificates.diagnosis import FAULTS
from portal.certificates.models import Certificate
from portal.certificates.rules import Fault, Reason
from portal.infra.db import unit_of_work
from portal.registry.actions import end_institution, end_location, make_effective
from portal.registry.models import Institution, ServiceLocation
from portal.registry.suspending import resume, suspend
from tests.connecting import (
    connect,
    entered_location,
    escaped,
    headers,
    issued,
    ready_to_issue,
    without_certificate,
)

LIMBO = Path(__file__).parents[3] / "shared/data/x509/limbo.json.gz"
PAGE, API, CHECK = "/en/connection/", "/api/connection", "/en/connection/check"
NOW = datetime.now(UTC)
BY = {"by": "test", "now": NOW}


@pytest.fixture
def place(app) -> ServiceLocation:
    return entered_location(app)


@pytest.fixture
def certificate(app, place) -> bytes:
    return issued(app, place)


def refused(client, der: bytes, fault: Fault, verified: str = "SUCCESS") -> None:
    """Page, API and check page all say the same."""
    sent = headers(der, verified)
    assert client.get(PAGE, headers=sent).status_code == 403
    answer = client.get(API, headers=sent)
    assert (answer.status_code, answer.json["fault"]) == (403, str(fault))
    check = client.get(CHECK, headers=sent)
    assert check.status_code == 200
    assert FAULTS[fault].title in check.text
    assert f"fault: {fault}" in check.text


def test_a_good_certificate_tells_which_place_it_is(client, place, certificate):
    page = connect(client, certificate)
    assert page.status_code == 200
    assert "You are connected as Chan Clinic" in page.text
    told = client.get(API, headers=headers(certificate)).json
    assert told["location"] == place.number
    assert told["institution"].startswith("HCI-")
    assert "fault: connected" in client.get(CHECK, headers=headers(certificate)).text


def test_only_our_nginx_is_believed(client, certificate):
    forged = headers(certificate)
    for secret in ("", "0" * 64, "ü"):
        sent = {**forged, "X-Edge-Secret": secret}
        assert client.get(API, headers=sent).json["fault"] == Fault.NONE
    del forged["X-Edge-Secret"]
    assert client.get(PAGE, headers=forged).status_code == 403
    assert "does not ask for a certificate" in client.get(CHECK, headers=forged).text


def test_without_a_certificate_the_page_says_how_to_install(client):
    for lang, said in (
        ("en", "showed no certificate"),
        ("tc", "沒有出示證書"),
        ("sc", "没有出示证书"),
    ):
        page = client.get(f"/{lang}/connection/check", headers=without_certificate())
        assert page.status_code == 200
        assert said in page.text
        assert page.text.count("static/img/certificates/") == 5
    assert client.get(PAGE, headers=without_certificate()).status_code == 403


@pytest.mark.parametrize("verified", ["", "success", "SUCCESS ", "GARBAGE", "NONE"])
def test_nginx_must_have_said_success(client, certificate, verified):
    assert client.get(API, headers=headers(certificate, verified)).status_code == 403


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("FAILED:certificate has expired", Fault.EXPIRED),
        ("FAILED:certificate is not yet valid", Fault.NOT_YET),
        ("FAILED:unsuitable certificate purpose", Fault.WRONG_PURPOSE),
        ("FAILED:unable to get local issuer certificate", Fault.WRONG_AUTHORITY),
        ("FAILED:self-signed certificate", Fault.WRONG_AUTHORITY),
        ("FAILED", Fault.WRONG_AUTHORITY),
    ],
)
def test_what_nginx_refused_is_never_accepted(client, certificate, said, fault):
    refused(client, certificate, fault, said)


def revoke_it(app, session: Session) -> None:
    with unit_of_work(app) as db:
        row = db.exec(select(Certificate)).one()
        assert revoke(db, row, reason=Reason.KEY_COMPROMISE, real=NOW, **BY)


def close_place(app, session: Session) -> None:
    with unit_of_work(app) as db:
        end_location(db, db.exec(select(ServiceLocation)).one(), at=NOW, reason="closed", **BY)


def cancel(app, session: Session) -> None:
    with unit_of_work(app) as db:
        institution = db.exec(select(Institution)).one()
        make_effective(db, institution.id, effective_at=NOW, **BY)
        end_institution(db, institution, at=NOW, reason="breach", **BY)


def lapse(app, session: Session) -> None:
    with unit_of_work(app) as db:
        end_institution(db, db.exec(select(Institution)).one(), at=NOW, reason="lapsed", **BY)


def suspend_it(app, session: Session) -> None:
    with unit_of_work(app) as db:
        institution = db.exec(select(Institution)).one()
        suspend(db, institution, until=NOW + timedelta(days=7), reason="security", **BY)


@pytest.mark.parametrize(
    ("flip", "fault", "reason"),
    [
        (revoke_it, Fault.REVOKED, Reason.KEY_COMPROMISE),
        (close_place, Fault.LOCATION_ENDED, Reason.CESSATION_OF_OPERATION),
        (cancel, Fault.INSTITUTION_ENDED, Reason.PRIVILEGE_WITHDRAWN),
        (lapse, Fault.LAPSED, Reason.PRIVILEGE_WITHDRAWN),
        (suspend_it, Fault.SUSPENDED, Reason.PRIVILEGE_WITHDRAWN),
    ],
)
def test_what_is_on_record_decides_at_the_next_request(
    app, client, certificate, session, flip, fault, reason
):
    assert connect(client, certificate).status_code == 200
    flip(app, session)
    refused(client, certificate, fault)
    # The job: revoked by itself, and no new one is issued.
    run_waiting(app)
    session.rollback()
    row = session.exec(select(Certificate)).one()
    assert row.revoked_at is not None
    assert row.revocation_reason == reason
    refused(client, certificate, fault)


def test_after_a_suspension_new_certificates_are_needed(app, client, place, certificate, session):
    suspend_it(app, session)
    run_waiting(app)
    with unit_of_work(app) as db:
        resume(db, db.exec(select(Institution)).one(), reason="settled", **BY)
    refused(client, certificate, Fault.REVOKED)
    assert connect(client, issued(app, place)).status_code == 200


def test_a_suspension_revokes_also_if_it_ended_before_its_job_ran(
    app, client, place, certificate, session
):
    """The page says that certificates stay revoked; those asked for afterwards are new ones."""
    suspend_it(app, session)
    with unit_of_work(app) as db:
        institution = db.exec(select(Institution)).one()
        resume(db, institution, reason="settled", by="test", now=datetime.now(UTC))
    later = datetime.now(UTC) + timedelta(seconds=1)
    with unit_of_work(app) as db:
        row = Certificate(
            location_id=place.id, way="csr", asked="later", spki_sha256="later", spki=b"later",
            requested_by="test", requested_at=later,
        )  # fmt: skip
        db.add(row)
    run_waiting(app)
    refused(client, certificate, Fault.REVOKED)
    session.rollback()
    first, second = session.exec(select(Certificate).order_by(Certificate.id)).all()
    assert first.revocation_reason == Reason.PRIVILEGE_WITHDRAWN
    assert second.revoked_at is None


def test_a_certificate_speaks_for_its_own_place_alone(app, client, certificate):
    other = entered_location(app, "Lee Clinic")
    theirs = issued(app, other)
    told = client.get(API, headers=headers(theirs)).json
    assert told["location"] == other.number
    assert "Chan Clinic" not in connect(client, theirs).text


def test_the_same_serial_in_other_bytes_is_not_ours(app, client, certificate, session):
    row = session.exec(select(Certificate)).one()
    row.certificate = row.certificate[:-1] + bytes([row.certificate[-1] ^ 1])
    session.add(row)
    session.commit()
    assert client.get(API, headers=headers(certificate)).json["fault"] == Fault.UNKNOWN


def test_the_first_use_counts_once_and_is_on_record(app, client, certificate, session):
    for path in (CHECK, PAGE, API):
        client.get(path, headers=headers(certificate))
    session.rollback()
    row = session.exec(select(Certificate)).one()
    first = row.first_used_at
    assert first is not None
    run_waiting(app)
    session.rollback()
    place = session.exec(select(ServiceLocation)).one()
    assert abs(place.certificate_installed_at - first) < timedelta(seconds=1)
    client.get(PAGE, headers=headers(certificate))
    session.rollback()
    assert session.exec(select(Certificate)).one().first_used_at == first


@pytest.mark.parametrize(
    "text",
    [
        "", "-----BEGIN CERTIFICATE-----", "A" * 20_000, "\x00", "%ff%fe",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIBAgIBAQ==\n-----END CERTIFICATE-----\n",
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_nobodys(app, client, text):
    ready_to_issue(app)
    for sent in (escaped(text), {**escaped(""), "X-Client-Cert": text.replace("\x00", "")[:9000]}):
        sent["X-Client-Cert"] = sent["X-Client-Cert"].replace("\n", "%0A")
        answer = client.get(API, headers=sent)
        assert (answer.status_code, answer.json["fault"]) == (403, Fault.UNKNOWN)


@pytest.mark.skipif(not LIMBO.exists(), reason="needs ../shared/data/x509/limbo.json.gz")
def test_no_certificate_of_limbo_is_accepted_or_breaks_anything(app, client):
    """x509-limbo's cases, good and bad: none is ours, whatever nginx might have said of it."""
    ready_to_issue(app)
    cases = json.loads(gzip.decompress(LIMBO.read_bytes()))["testcases"]
    assert [each["validation_kind"] for each in cases].count("CLIENT") >= 10
    for case in cases:
        answer = client.get(API, headers=escaped(case["peer_certificate"]))
        assert (answer.status_code, answer.json["fault"]) == (403, Fault.UNKNOWN), case["id"]


def test_every_fault_has_its_words():
    assert set(FAULTS) == set(Fault)


def test_the_key_of_a_request_matters_not_its_name(app, place, client):
    """Two certificates of one place, both good until one is revoked: the overlap of a renewal."""
    first, second = issued(app, place), issued(app, place, ec.generate_private_key(ec.SECP384R1()))
    assert connect(client, first).status_code == connect(client, second).status_code == 200
    assert base64.b64encode(first) != base64.b64encode(second)
