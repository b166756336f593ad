"""P18, P19: odd text is kept or refused, never a 500; identities stay out of logs."""

import json
import logging
import re
from pathlib import Path

import pytest
from sqlmodel import select

from portal.accounts.models import Person
from portal.cases.models import Answer
from tests.applying import Applicant, soundly
from tests.people import SignIn

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "strings"

OWN = [
    "Ｃｈａｎ　Ｃｌｉｎｉｃ",
    "陳氏診所 㘭䃟邨埗鰂磡𠝹𨋢",
    "a\u0301 e\u0308 \U0001f469\u200d\u2695\ufe0f",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7*7 }} ${7*7} %(name)s %s",
    "../../etc/passwd",
    "x" * 5000,
    "\t  spaced   out \u3000 ",
    "line one\r\nline two",
    "ＡＢＣ１２３",
]
REFUSED = {
    "NUL": "a\x00b",
    "bidi": "abc\u202edef",
    "private use": "a\ue000b",
    "control": "a\x07b",
    "noncharacter": "a\ufffeb",
}


@pytest.fixture
def applying(applicant: Person, sign_in: SignIn) -> Applicant:
    return Applicant(sign_in(applicant)).begin("CLG")


def kept_name(session) -> str:
    session.rollback()
    found = session.exec(select(Answer).where(Answer.step == "institution")).one()
    return found.answers["authorised_name"]


@pytest.mark.parametrize("text", OWN)
def test_odd_text_is_kept_or_refused(applying, session, text):
    answer = applying.save("institution", {**soundly("institution"), "authorised_name": text})
    assert answer.status_code in {303, 422}
    if answer.status_code == 303:
        shown = applying.client.get(f"{applying.path}/institution").text
        assert "<script>alert" not in shown
        assert " ".join(text.split()) == kept_name(session) or not text.isascii()
    else:
        assert 'id="authorised_name-error"' in answer.text


@pytest.mark.parametrize("trouble", REFUSED)
@pytest.mark.parametrize("later", [False, True])
def test_what_no_database_keeps_is_refused_with_its_code(applying, trouble, later):
    text = REFUSED[trouble]
    form = {**soundly("institution"), "authorised_name": text}
    answer = applying.save("institution", {**form, "later": "yes"} if later else form)
    assert answer.status_code == 422
    assert re.search(r"U\+[0-9A-F]{4}", answer.text)


FIELDS = {
    "institution": list(soundly("institution")),
    "users": list(soundly("users")),
    "locations": list(soundly("locations")),
}


@pytest.mark.parametrize("step", FIELDS)
def test_every_field_takes_every_kind_of_text(applying, step):
    """Each field of a step, one after the other, with everything odd at once and alone."""
    for field in FIELDS[step]:
        for text in (*REFUSED.values(), OWN[4], OWN[5], OWN[7], ""):
            form = {**soundly(step), field: text, "revision": "0"}
            path = f"{applying.path}/{step}"
            if step != "institution":
                page = applying.client.get(f"{path}/new").text
                path = re.search(rf'action="([^"?]+/{step}/[0-9a-f]{{32}})', page)[1]
            answer = applying.client.post(path, data=form)
            assert answer.status_code in {303, 409, 422}, (field, text[:20], answer.status_code)


def test_naughty_strings_never_break_a_page(applying):
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    strings = json.loads((SHARED / "blns.json").read_text())
    for text in strings:
        form = {**soundly("institution"), "authorised_name": text, "name_tc": text, "later": "yes"}
        answer = applying.save("institution", form)
        assert answer.status_code in {303, 422}, text
        search = applying.client.get(
            "/en/register/", query_string={"q": text.encode("utf-8", "ignore")}
        )
        assert search.status_code == 200, text
        label = applying.client.get("/v/" + re.sub(r"[^\w ]", "", text)[:50])
        assert label.status_code in {200, 303, 404, 429}, text


@pytest.mark.parametrize("revision", ["", "-1", "abc", "９９", "1e9", "9" * 30])
def test_a_forged_revision_is_no_error(applying, revision):
    form = {**soundly("institution"), "revision": revision}
    answer = applying.client.post(f"{applying.path}/institution", data=form)
    assert answer.status_code in {303, 404, 409}


@pytest.mark.parametrize(
    "path",
    [
        "/en/register/?page=abc",
        "/en/register/?page=-5&district=%00&kind=zz",
        "/en/register/%00",
        "/en/apply/%F0%9F%98%80/",
        "/en/apply/before?kind=%00",
        "/xx/",
        "/en/staff/applications/?queue=%00&q=%00",
        "/v/%00",
        "/v/" + "A" * 3000,
    ],
)
def test_forged_addresses_are_no_error(applying, path):
    assert applying.client.get(path).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/en/staff/applications/?queue=%00&q=a%00",
        "/en/staff/applications/%00/",
        "/en/staff/labels/?q=a%00&district=%00",
        "/en/staff/labels/locations/%00/",
        "/en/staff/labels/batches/%00/",
        "/en/enquiries/%00",
    ],
)
def test_forged_addresses_of_the_office_are_no_error(registration_officer, sign_in, path):
    assert sign_in(registration_officer).get(path).status_code in {200, 400, 404}


@pytest.mark.parametrize("part", ["users/%00", "notices/%00"])
def test_forged_parts_of_an_application_are_no_error(applying, part):
    assert applying.client.get(f"{applying.path}/{part}").status_code in {400, 404}


IDENTITY = "Z6833650"
SHOWN = ["Z683365(0)", "z683365(0)", "Z683365 (0)", "Ｚ６８３３６５（０）"]


def test_no_identity_number_in_the_logs(applying, caplog, capsys):
    """What somebody types where it does not belong: in any field, in a search, in an address."""
    caplog.set_level(logging.DEBUG)
    for text in SHOWN:
        applying.save("institution", {**soundly("institution"), "authorised_name": text})
        applying.save("institution", {"phone": text, "name_en": text})
        applying.client.get("/en/register/", query_string={"q": text})
        applying.client.get(f"/en/register/{text}")
        applying.client.get(f"/v/{text}")
    logged = caplog.text + "".join(capsys.readouterr())
    assert "portal.web" in logged
    assert "683365" not in logged
    assert "６８３３６５" not in logged
