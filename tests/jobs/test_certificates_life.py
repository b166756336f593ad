"""Lists by the calendar, alarms, a signer that is gone; reminders and letters of revocation."""

import logging
import shutil
from datetime import UTC, datetime, timedelta

import pkcs11
import pytest
import time_machine
from click.testing import CliRunner
from cryptography import x509
from sqlmodel import select

from jobs.certificates import look_at_lists
from jobs.clock import CALENDAR
from jobs.running import run_waiting
from portal.accounts.models import Person
from portal.cases.models import Case
from portal.certificates import actions, commands, keys, reminders, revocation_lists
from portal.certificates import authorities as them
from portal.certificates.models import Certificate, OwnKey, RevocationList
from portal.certificates.queries import revoked_by
from portal.certificates.rules import CRL_LASTS, REMINDERS, Reason, reminder_due
from portal.infra.db import apart, unit_of_work
from portal.infra.mail import Mail
from portal.infra.settings import settings
from portal.infra.tickets import Job, State, Ticket
from portal.registry.actions import end_location
from portal.registry.models import ServiceLocation
from tests.jobs.certifying import NOW, SOFTHSM, asked, stored
from tests.people import ALICE, OLIVE, enter


def look(app) -> None:
    with unit_of_work(app) as db:
        look_at_lists(db)


def lists(session) -> dict[int, RevocationList]:
    session.rollback()
    found = session.exec(select(RevocationList).execution_options(populate_existing=True))
    return {each.authority_id: each for each in found}


def tickets(session, job: Job) -> list[Ticket]:
    session.rollback()
    wanted = select(Ticket).where(Ticket.job == job)
    return list(session.exec(wanted.execution_options(populate_existing=True)))


def ready(client) -> dict[str, str]:
    return client.get("/readyz").json


def at(days: float):
    return time_machine.travel(datetime.now(UTC) + timedelta(days=days), tick=True)


def test_the_calendar_looks_each_hour():
    assert {p.job: p.every for p in CALENDAR if "list" in p.name} == {
        Job.LOOK_AT_LISTS: timedelta(hours=1)
    }


def test_an_authority_without_a_list_gets_one_and_then_one_a_day(app, authority, session):
    look(app)
    run_waiting(app)
    assert lists(session)[authority.id].number == 1
    look(app)
    assert run_waiting(app) == 0
    with at(days=1.01):
        look(app)
        look(app)
        assert run_waiting(app) == 1
    assert lists(session)[authority.id].number == 2


def test_retired_authorities_lists_are_signed_on(app, authority, session):
    with unit_of_work(app) as db:
        them.make_authority(db, them.open_root(settings().home / "ca-root"), by="test", now=NOW)
    look(app)
    run_waiting(app)
    assert len(lists(session)) == 2


def test_a_list_that_was_overtaken_is_not_published(app, authority, session):
    """Drafted before a revocation and signed after it, it would take the revocation back."""
    with unit_of_work(app) as db:
        [early] = revocation_lists.drafts(db, real=NOW)
    revocation_lists.sign_lists(real=NOW)
    with pytest.raises(revocation_lists.Overtaken), unit_of_work(app) as db:
        revocation_lists.publish(db, early, b"", real=NOW)
    assert lists(session)[authority.id].der


def test_what_has_ended_stays_on_the_list_that_follows(app, authority, location, session):
    number = asked(app, location)
    run_waiting(app)
    with app.app_context(), apart() as db:
        row = db.get_one(Certificate, number)
        actions.revoke(db, row, reason=Reason.SUPERSEDED, by="x", now=NOW, real=NOW)
        ended = row.not_after
        assert revoked_by(db, authority, ended + timedelta(days=1)) == [
            (row.serial, NOW, "superseded")
        ]
        assert revoked_by(db, authority, ended + CRL_LASTS) == []


def test_half_of_its_life_gone_everybody_can_see_it(
    app, client, authority, session, sign_in, supervisor, caplog
):
    look(app)
    run_waiting(app)
    assert ready(client)["revocation_lists"] == "ok"
    old = lists(session)[authority.id].this_update - timedelta(days=4)
    with apart() as db:
        row = db.get_one(RevocationList, authority.id)
        row.this_update = old
        db.add(row)
    with caplog.at_level(logging.ERROR):
        look(app)
    assert "is stale" in caplog.text
    told = client.get("/readyz")
    assert told.json["revocation_lists"] == "stale"
    # People can still be served: no reason to take this process out of service.
    assert told.json["status"] == ("ready" if told.status_code == 200 else "not ready")
    assert told.json["database"] == told.json["files"] == "ok"
    for lang in ("en", "tc", "sc"):
        assert authority.name in sign_in(supervisor).get(f"/{lang}/staff/due/").text
    run_waiting(app)
    assert ready(client)["revocation_lists"] == "ok"
    assert authority.name not in sign_in(supervisor).get("/en/staff/due/").text


def gone(app, authority, location, session, client, take_away, put_back) -> None:
    """Without its signer: work waits, lists stay, the alarm comes in time; then all is made up."""
    look(app)
    run_waiting(app)
    before = lists(session)[authority.id].der
    take_away()
    number = asked(app, location)
    with at(days=1.01):
        look(app)
        run_waiting(app)
        waiting = tickets(session, Job.ISSUE_CERTIFICATE) + tickets(session, Job.SIGN_LISTS)
        assert {t.state for t in waiting} == {State.WAITING, State.DONE}
        assert stored(session, number).tbs and not stored(session, number).certificate
        assert "KeyUnavailable" in tickets(session, Job.ISSUE_CERTIFICATE)[0].problem
        assert lists(session)[authority.id].der == before
        assert ready(client)["revocation_lists"] == "ok"
    with at(days=3.6):
        assert ready(client)["revocation_lists"] == "stale"
        put_back()
        look(app)
        run_waiting(app)
        assert ready(client)["revocation_lists"] == "ok"
    assert stored(session, number).certificate
    assert lists(session)[authority.id].der != before


def test_the_key_file_taken_away(app, authority, location, session, client):
    file = keys.folder() / f"{authority.key_label}.pem"
    kept = file.read_bytes()

    def take_away() -> None:
        file.unlink()
        keys.forget_keys()

    gone(app, authority, location, session, client, take_away, lambda: file.write_bytes(kept))


def test_a_wrong_passphrase(app, authority, location, session, client):
    right = settings().secret("ca_passphrase")

    def become(passphrase: str) -> None:
        settings().ca_passphrase = passphrase
        keys.forget_keys()

    gone(
        app, authority, location, session, client,
        lambda: become("another"), lambda: become(right),
    )  # fmt: skip


# The library closes searches of the session that is gone, and says that it could not.
session_gone = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@session_gone
def test_the_token_taken_out(softhsm, app, authority, location, session, client, tmp_path):
    tokens, away = tmp_path / "tokens", tmp_path / "away"

    def take_away() -> None:
        shutil.move(tokens, away)
        tokens.mkdir()
        pkcs11.lib(SOFTHSM).reinitialize()

    def put_back() -> None:
        shutil.rmtree(tokens)
        shutil.move(away, tokens)
        pkcs11.lib(SOFTHSM).reinitialize()

    gone(app, authority, location, session, client, take_away, put_back)


@session_gone
def test_a_token_session_that_has_ended_is_opened_anew(softhsm, app, authority):
    signer = keys.signer(authority.key_label)
    first = signer.sign(b"before")
    pkcs11.lib(SOFTHSM).reinitialize()
    assert signer.sign(b"before") == first


def test_signing_that_was_given_up_is_taken_up_again(app, authority, session):
    look(app)
    [ticket] = tickets(session, Job.SIGN_LISTS)
    with apart() as db:
        failed = db.get_one(Ticket, ticket.id)
        failed.state = State.FAILED
        db.add(failed)
    look(app)
    run_waiting(app)
    assert lists(session)[authority.id].number == 1


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (61, None),
        (60, 60),
        (31, 60),
        (30, 30),
        (15, 30),
        (14, 14),
        (7, 7),
        (2, 7),
        (1, 1),
        (0.1, 1),
    ],
)
def test_which_reminder_is_due(left, due):
    assert reminder_due(NOW + timedelta(days=left), NOW) == due


@pytest.fixture
def applied(app, location) -> Case:
    """Somebody applied for the place's institution, in Traditional Chinese."""
    with apart() as db:
        person = enter(db, ALICE)
        case = Case(
            reference="AA2AA2AAA", sort="registration", state="registered", kind="CLG",
            applicant_id=person.id, language="tc", form_version="2026-01-01", started_at=NOW,
            changed_at=NOW, institution_id=location.institution_id, title_en="Chan & Co",
        )  # fmt: skip
        db.add(case)
    return case


def letters(session, template: str) -> list[Mail]:
    session.rollback()
    return list(session.exec(select(Mail).where(Mail.template == template).order_by(Mail.once)))


def remind(app, when: datetime) -> int:
    with unit_of_work(app) as db:
        return reminders.remind(db, real=when, today=NOW)


def test_one_letter_for_each_count_of_days(app, authority, location, applied, session):
    number = asked(app, location)
    run_waiting(app)
    ends = stored(session, number).not_after
    for hours in range(24 * 70, 0, -12):
        remind(app, ends - timedelta(hours=hours))
    sent = letters(session, "certificate_ends")
    assert {mail.once.rpartition(":")[2] for mail in sent} == {str(days) for days in REMINDERS}
    assert len(sent) == len(REMINDERS)
    assert {(mail.recipient, mail.lang) for mail in sent} == {(ALICE.email, "tc")}
    assert "到期" in sent[0].subject and location.number in sent[0].body_text
    assert remind(app, ends) == 0


def test_days_that_were_missed_are_one_letter(app, authority, location, applied, session):
    number = asked(app, location)
    run_waiting(app)
    remind(app, stored(session, number).not_after - timedelta(days=5))
    assert [m.once for m in letters(session, "certificate_ends")] == [
        f"certificate_ends:{number}:7"
    ]


@pytest.mark.parametrize("why", ["revoked", "ended", "disabled", "nobody applied"])
def test_no_reminder_where_there_is_nothing_to_do(app, authority, location, applied, session, why):
    number = asked(app, location)
    run_waiting(app)
    ends = stored(session, number).not_after
    with app.app_context(), apart() as db:
        match why:
            case "revoked":
                row = db.get_one(Certificate, number)
                actions.revoke(db, row, reason=Reason.SUPERSEDED, by="x", now=NOW, real=NOW)
            case "ended":
                place = db.get_one(ServiceLocation, location.id)
                end_location(db, place, at=NOW, reason="closed", by="x", now=NOW)
            case "disabled":
                db.exec(select(Person)).one().disabled_at = NOW
            case "nobody applied":
                db.exec(select(Case)).one().institution_id = None
    assert remind(app, ends - timedelta(days=10)) == 0


def test_no_reminder_once_a_newer_certificate_is_issued(app, authority, location, applied, session):
    number = asked(app, location)
    run_waiting(app)
    with apart() as db:
        row = db.get_one(Certificate, number)
        row.not_after = ends = row.not_after - timedelta(days=200)
        db.add(row)
    assert remind(app, ends - timedelta(days=1)) == 1
    asked(app, location, name="form-2")
    run_waiting(app)
    assert remind(app, ends - timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("by", "words"), [("office", "登記處已於"), ("institution", "貴機構人員已於")]
)
def test_the_institution_is_told_of_a_revocation(
    app, authority, location, applied, session, by, words
):
    number = asked(app, location)
    run_waiting(app)
    with app.app_context(), apart() as db:
        officer = enter(db, OLIVE)
        who = officer.id if by == "office" else applied.applicant_id
        row = db.get_one(Certificate, number)
        reason = Reason.KEY_COMPROMISE
        actions.revoke(db, row, reason=reason, by=f"person:{who}", now=NOW, real=NOW)
    with unit_of_work(app) as db:
        reminders.tell_of_revocation(db, db.get_one(Certificate, number))
    [mail] = letters(session, "certificate_revoked")
    assert words in mail.body_text and location.number in mail.body_text
    assert "舊密鑰不得再使用" in mail.body_html
    run_waiting(app)
    assert len(letters(session, "certificate_revoked")) == 1


def test_what_one_act_revoked_is_one_letter(app, authority, location, applied, session):
    first = asked(app, location)
    run_waiting(app)
    second = asked(app, location, name="form-2")
    run_waiting(app)
    with app.app_context(), apart() as db:
        assert actions.revoke_all(
            db, [location.id], reason=Reason.PRIVILEGE_WITHDRAWN, by="calendar", now=NOW, real=NOW
        ) == 2  # fmt: skip
    run_waiting(app)
    assert first != second
    assert len(letters(session, "certificate_revoked")) == 1


def test_openssl_makes_no_objection_to_a_list_of_a_second_authority(app, authority, session):
    """A chain of nginx needs a list of each: the lists name their authority's key."""
    with unit_of_work(app) as db:
        second = them.make_authority(
            db, them.open_root(settings().home / "ca-root"), by="test", now=NOW
        )
    revocation_lists.sign_lists(real=NOW)
    for each in (authority, second):
        listed = x509.load_der_x509_crl(lists(session)[each.id].der)
        issuer = x509.load_der_x509_certificate(each.certificate)
        assert listed.is_signature_valid(issuer.public_key())
        named = listed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert named.key_identifier == own.digest


def told(*arguments: str) -> str:
    done = CliRunner().invoke(commands.ca, list(arguments))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_command_line_makes_everything_and_rolls_over(app, session, monkeypatch):
    monkeypatch.setattr(commands, "app", lambda: app)
    monkeypatch.setattr(keys, "SIZE", 2048)
    monkeypatch.setattr(them, "ROOT_SIZE", 2048)
    assert "is ready" in told("init")
    assert told("init", "--if-missing") == ""
    assert "issues from now on" in told("rollover")
    assert len(lists(session)) == 2
    session.rollback()
    own = [(each.authority_id, each.purpose) for each in session.exec(select(OwnKey))]
    assert sorted(own) == [(1, "ocsp"), (1, "papers"), (2, "ocsp"), (2, "papers")]
    assert told("chain").count("BEGIN CERTIFICATE") == 3
    assert [line.split("\t")[2] for line in told("list").splitlines()] == ["retired", "issues"]
