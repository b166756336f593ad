"""An issuing key that is lost: its authority stands still, and no other one does."""

import pytest
from click.testing import CliRunner
from sqlmodel import select

from portal.certificates import authorities as them
from portal.certificates import commands, keys, own_keys, revocation_lists
from portal.certificates.models import Authority, OwnKey, RevocationList
from portal.certificates.rules import Purpose
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import settings
from tests.jobs.certifying import NOW


def lose_key(authority: Authority) -> None:
    (keys.folder() / f"{authority.key_label}.pem").unlink()
    keys.forget_keys()


def second_authority(app) -> Authority:
    with unit_of_work(app) as db:
        root = them.open_root(settings().home / "ca-root")
        return them.make_authority(db, root, by="test", now=NOW)


def listed() -> set[int]:
    with apart() as db:
        return set(db.exec(select(RevocationList.authority_id)))


def certified() -> set[tuple[int, str]]:
    with apart() as db:
        return {(k.authority_id, k.purpose) for k in db.exec(select(OwnKey)) if k.certificate}


def test_after_a_lost_key_a_rollover_makes_the_next_authority(app, authority, monkeypatch):
    monkeypatch.setattr(commands, "app", lambda: app)
    lose_key(authority)
    done = CliRunner().invoke(commands.ca, ["rollover"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "issues from now on" in done.output
    assert "cannot be reached" in done.output
    assert listed() == {authority.id + 1}
    assert certified() == {(authority.id + 1, "ocsp"), (authority.id + 1, "papers")}


def test_a_lost_key_keeps_no_other_list_back(app, authority):
    second = second_authority(app)
    lose_key(authority)
    with pytest.raises(keys.KeyUnavailable):
        revocation_lists.sign_lists(real=NOW)
    assert listed() == {second.id}


def test_a_list_that_was_overtaken_undoes_no_other(app, authority, monkeypatch):
    second = second_authority(app)
    publish = revocation_lists.publish

    def overtaken_once(db, draft, der, *, real):
        publish(db, draft, der, real=real)
        if draft.authority.id == second.id:
            raise revocation_lists.Overtaken

    monkeypatch.setattr(revocation_lists, "publish", overtaken_once)
    with pytest.raises(revocation_lists.Overtaken):
        revocation_lists.sign_lists(real=NOW)
    assert listed() == {authority.id}


def test_a_lost_key_keeps_no_other_authority_s_own_keys_back(app, authority):
    lose_key(authority)
    for _ in range(2):
        with unit_of_work(app), pytest.raises(keys.KeyUnavailable):
            own_keys.renew(real=NOW)
    second = second_authority(app)
    for _ in range(2):
        with unit_of_work(app), pytest.raises(keys.KeyUnavailable):
            own_keys.renew(real=NOW)
    assert certified() == {(second.id, "ocsp"), (second.id, "papers")}
    with apart() as db:
        begun = [each for each in db.exec(select(OwnKey)) if each.authority_id == authority.id]
    # Reserved once, however often it is tried.
    assert sorted(each.purpose for each in begun) == sorted(Purpose)
