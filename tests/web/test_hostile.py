"""P18, P19: forged addresses and forms are no error; identities stay out of logs.

What people type into the questions, and what becomes of it: test_odd_text.py.
"""

import json
import logging
import re
from pathlib import Path

import pytest

from portal.accounts.models import Person
from tests.applying import Applicant, soundly
from tests.people import SignIn

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "strings"


@pytest.fixture
def applying(applicant: Person, sign_in: SignIn) -> Applicant:
    return Applicant(sign_in(applicant)).begin("CLG")


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
