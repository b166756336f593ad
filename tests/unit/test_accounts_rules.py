"""What makes a passphrase, how far a session has got, how tries slow down, where one is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from portal.accounts.rules import (
    ALLOWANCES,
    GUESSABLE,
    HALF_WAY_LASTS,
    PERMISSIONS,
    STAFF,
    Limits,
    Role,
    SessionState,
    Stage,
    device,
    may_sign_in,
    own_path,
    passphrase_trouble,
    stage,
    totp_step,
    tries_left_over,
    wait_after,
)
from portal.accounts.steps import CodeForm
from portal.kernel.permissions import May

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
LIMITS = Limits(idle=timedelta(minutes=30), absolute=timedelta(hours=12), production=False)
APPLICANT = SessionState(
    created_at=NOW - timedelta(hours=1),
    last_seen_at=NOW - timedelta(minutes=1),
    ended_at=None,
    second_factor_at=None,
    role="applicant",
    has_totp=False,
    disabled_at=None,
    demonstration=False,
)
OFFICER = replace(
    APPLICANT, role="registration_officer", has_totp=True, second_factor_at=NOW - timedelta(hours=1)
)
WONG = ("Wong Mei Ling", "mei.ling@kwuntongclinic.hk")


@pytest.mark.parametrize(
    "passphrase",
    [
        "correct horse battery staple",
        "blue kettle rides north",
        "觀塘道上有七隻會唱歌的紅色貓",
        "x9!Lk2#vQw7$",
        "the quick harbour was " * 11,
    ],
)
def test_long_and_unusual_passphrases_are_taken(passphrase):
    assert passphrase_trouble(passphrase, WONG) is None


@pytest.mark.parametrize(
    "passphrase",
    [
        "password123456",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "ehealth ehealth ehealth",
        "eHealth2026!!",
        "Wong Mei Ling 2024",
        "mei.ling@kwuntongclinic.hk",
        "kwuntongclinic1234",
        "123456789012",
    ],
)
def test_guessable_passphrases_and_ones_own_words_are_refused(passphrase):
    assert passphrase_trouble(passphrase, WONG) == GUESSABLE


def test_a_passphrase_of_eleven_characters_is_too_short():
    assert passphrase_trouble("x9!Lk2#vQw7").values == {"least": 12}


def test_judging_a_hostile_passphrase_takes_no_long_time():
    assert passphrase_trouble("aB1$" * 64) == GUESSABLE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Stage.SIGNED_IN),
        ({"ended_at": NOW}, Stage.OVER),
        ({"disabled_at": NOW}, Stage.OVER),
        ({"last_seen_at": NOW - timedelta(minutes=30)}, Stage.OVER),
        ({"last_seen_at": NOW - timedelta(minutes=29, seconds=59)}, Stage.SIGNED_IN),
        ({"created_at": NOW - timedelta(hours=12)}, Stage.OVER),
        ({"created_at": NOW - timedelta(hours=11, minutes=59)}, Stage.SIGNED_IN),
        ({"has_totp": True, "created_at": NOW}, Stage.NEEDS_CODE),
        ({"has_totp": True, "created_at": NOW - HALF_WAY_LASTS}, Stage.OVER),
        ({"has_totp": True, "second_factor_at": NOW}, Stage.SIGNED_IN),
    ],
)
def test_how_far_an_applicants_session_has_got(changed, expected):
    assert stage(replace(APPLICANT, **changed), LIMITS, NOW) is expected


@pytest.mark.parametrize("role", sorted(STAFF))
def test_staff_are_not_signed_in_before_the_second_factor(role):
    begun = replace(OFFICER, role=role, second_factor_at=None, created_at=NOW)
    assert stage(begun, LIMITS, NOW) is Stage.NEEDS_CODE
    assert stage(replace(begun, has_totp=False), LIMITS, NOW) is Stage.NEEDS_ENROLMENT
    assert stage(replace(begun, second_factor_at=NOW), LIMITS, NOW) is Stage.SIGNED_IN


def test_made_up_people_sign_in_only_where_nothing_is_real():
    made_up = replace(APPLICANT, demonstration=True)
    assert stage(made_up, LIMITS, NOW) is Stage.SIGNED_IN
    assert stage(made_up, replace(LIMITS, production=True), NOW) is Stage.OVER
    assert may_sign_in(None, False, production=True)


def test_every_role_is_in_the_table_and_applicants_have_nothing_of_staffs():
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[Role.APPLICANT] == {May.SIGNED_IN, May.APPLY}
    assert all(May.APPLY not in PERMISSIONS[role] for role in STAFF)


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(seconds):
    return pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "taken"), [(-60, 0), (-30, 1), (0, 1), (30, 1), (60, 0)])
def test_a_code_may_be_one_step_early_or_late(seconds, taken):
    assert bool(totp_step(SECRET, code_at(seconds), NOW, last_step=0)) is bool(taken)


def test_a_code_works_once_and_no_earlier_one_after_it():
    step = totp_step(SECRET, code_at(0), NOW, last_step=0)
    assert totp_step(SECRET, code_at(0), NOW, last_step=step) is None
    assert totp_step(SECRET, code_at(-30), NOW, last_step=step) is None
    assert totp_step(SECRET, code_at(30), NOW, last_step=step) == step + 1


@pytest.mark.parametrize("typed", ["123456", "123 456", "１２３４５６", " 123-456 "])
def test_a_code_is_read_however_it_is_written(typed):
    assert CodeForm(answers={"code": typed}).cleaned()["code"] == "123456"


def test_the_wait_grows_to_a_limit_and_is_never_for_good():
    account = ALLOWANCES["account"]
    waits = [wait_after(count, account).total_seconds() for count in range(5, 17)]
    assert waits == [0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert wait_after(10_000, account) == account.longest


def test_tries_are_forgotten_one_by_one():
    account = ALLOWANCES["account"]
    later = NOW + 3 * account.forgets
    assert tries_left_over(8, NOW, NOW, account) == 8
    assert tries_left_over(8, NOW, later, account) == 5
    assert tries_left_over(2, NOW, later, account) == 0


@pytest.mark.parametrize(
    ("wish", "taken"),
    [
        ("/en/apply/?page=2", True),
        ("/tc/register/?q=%E9%86%AB", True),
        ("", False),
        ("en/apply", False),
        ("//elsewhere.example", False),
        ("/\\elsewhere.example", False),
        ("/\t/elsewhere.example", False),
        ("\\/elsewhere.example", False),
        ("https://elsewhere.example/", False),
        ("javascript:alert(1)", False),
        ("/en/\r\nSet-Cookie: a=b", False),
    ],
)
def test_only_paths_of_the_portal_are_gone_to(wish, taken):
    assert own_path(wish) == (wish if taken else "")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari, iPhone"),
        ("curl/8.0", ""),
    ],
)
def test_a_device_is_named_by_browser_and_system(agent, said):
    assert device(agent) == said
