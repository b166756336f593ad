"""Staff choose, look, order, fetch and print again; nobody else sees any of it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlmodel import select

from jobs.running import run_waiting
from portal.infra import clock
from portal.labels import again_routes, routes
from portal.labels.models import Label, LabelBatch
from portal.labels.printing_run import face_of
from tests import labels as given
from tests.pages import PageClient

HOME = "/en/staff/labels"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: given.NOW)
    for module in (routes, again_routes):
        monkeypatch.setattr(module, "now", lambda: given.NOW)


@pytest.fixture
def officer(app: Flask, client: PageClient) -> PageClient:
    import jobs.labels  # noqa: F401

    given.be(app, given.OFFICER)
    client.get(f"{HOME}/batches/")
    return client


def order(client: PageClient, *numbers: str, **more: str):
    client.get(f"{HOME}/?show=all")
    return client.post(
        f"{HOME}/",
        data={"number": list(numbers), "sheet": "a5", "start": "1", "asked": "x", **more},
    )


def test_the_list_holds_effective_locations_without_a_label(officer, session):
    first, second = given.places(session, 2)
    second.ended_at = given.NOW - timedelta(days=1)
    session.add(second)
    session.commit()
    text = officer.get(f"{HOME}/").text
    assert first.number in text and second.number not in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [("q=海港診所", True), ("q=海港诊所", True), ("q=harbour+road", True), ("q=nowhere", False),
     ("district=kwun_tong", True), ("district=islands", False), ("q=%25", False)],
)  # fmt: skip
def test_words_and_district_narrow_the_list(officer, session, asked, found):
    (place,) = given.places(session)
    assert (place.number in officer.get(f"{HOME}/?{asked}").text) is found


def test_htmx_gets_the_results_alone(officer, session):
    given.places(session)
    part = officer.get(f"{HOME}/", headers={"HX-Request": "true"}).text
    assert 'id="results"' in part and "<!doctype" not in part


def test_a_preview_shows_the_pages_and_reserves_nothing(officer, session):
    chosen = [place.number for place in given.places(session, 12)]
    officer.get(f"{HOME}/")
    answer = officer.post(
        f"{HOME}/preview", data={"number": chosen, "sheet": "a4-10", "start": "3"}
    )
    assert answer.status_code == 200
    assert answer.text.count("data:image/png;base64,") == 2
    assert given.rows(session, select(Label)) == []


def test_all_that_were_found_can_be_ordered_at_once(officer, session):
    given.places(session, 3)
    officer.get(f"{HOME}/")
    answer = officer.post(f"{HOME}/preview", data={"all": "yes", "sheet": "a5"})
    assert answer.text.count('name="number"') == 3


def test_an_order_leads_to_its_page_and_in_the_end_to_the_pdf(app, officer, session):
    (place,) = given.places(session)
    answer = order(officer, place.number)
    assert answer.status_code == 303
    where = answer.headers["Location"]
    part = officer.get(f"{where}progress", headers={"HX-Request": "true"}).text
    assert "hx-get" in part and "<!doctype" not in part
    assert officer.get(f"{where}labels.pdf").status_code == 404
    run_waiting(app)
    assert "hx-get" not in officer.get(f"{where}progress").text
    fetched = officer.get(f"{where}labels.pdf")
    assert fetched.mimetype == "application/pdf" and fetched.data.startswith(b"%PDF")


def test_an_order_sent_twice_is_one_batch(officer, session):
    (place,) = given.places(session)
    first, again = order(officer, place.number), order(officer, place.number)
    assert first.headers["Location"] == again.headers["Location"]
    assert len(given.rows(session, select(Label))) == 1


def test_a_location_with_a_label_is_not_labelled_again_by_an_order(officer, session):
    (place,) = given.places(session)
    order(officer, place.number)
    answer = order(officer, place.number, asked="y")
    assert answer.status_code == 422 and "has a label already" in answer.text


@pytest.mark.parametrize("flip", ["institution", "location"])
def test_without_an_effective_registration_there_is_no_label(officer, session, flip):
    (place,) = given.places(session)
    entry = place if flip == "location" else place.institution
    entry.effective_at = given.NOW + timedelta(days=1)
    session.add(entry)
    session.commit()
    answer = order(officer, place.number)
    assert answer.status_code == 422 and "not effective" in answer.text
    assert given.rows(session, select(Label)) == []


def test_a_character_without_a_glyph_is_named_before_anything_is_ordered(officer, session):
    (place,) = given.places(session, name_tc="海港\ue123診所")
    answer = order(officer, place.number)
    assert answer.status_code == 422
    assert "U+E123" in answer.text and place.number in answer.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"sheet": "a9"}, "Choose the paper"), ({"start": "2"}, "from 1 to 1"),
     ({"start": "٣"}, "from 1 to 1"), ({"number": "HSL-NONE"}, "at least one location"),
     ({"number": "\x00"}, "at least one location"), ({"start": "9" * 5000}, "from 1 to 1"),
     ({"number": [f"HSL-{n}" for n in range(70_000)]}, "at least one location")],
)  # fmt: skip
def test_what_is_wrong_in_an_order_is_said(officer, session, wrong, sentence):
    (place,) = given.places(session)
    answer = (
        order(officer, **{"number": place.number, **wrong})
        if "number" in wrong
        else order(officer, place.number, **wrong)
    )
    assert answer.status_code == 422 and sentence in answer.text


def test_production_refuses_the_placeholder_mark(officer, session, portal_settings):
    (place,) = given.places(session)
    portal_settings.production = True
    answer = order(officer, place.number)
    assert answer.status_code == 422 and "LABEL_MARK" in answer.text


def again(client: PageClient, number: str, **form: str):
    """As the pages lead: from the location to what will be printed, and from there the order."""
    here = f"{HOME}/locations/{number}/"
    chosen = {"sheet": "a5", "start": "1", **form}
    client.get(here)
    seen = client.post(f"{here}preview", data=chosen)
    if seen.status_code != 200:
        return seen
    return client.post(here, data=dict(HIDDEN.findall(seen.text)))


HIDDEN = re.compile(r'<input type="hidden" name="(asked|sheet|start|reason)" value="([^"]+)">')


@pytest.mark.parametrize("part", ["", "preview"])
def test_printing_again_needs_a_reason(officer, session, part):
    (place,) = given.places(session)
    order(officer, place.number)
    here = f"{HOME}/locations/{place.number}/"
    answer = officer.post(here + part, data={"sheet": "a5", "start": "1"})
    assert answer.status_code == 422 and "Say why" in answer.text
    assert given.rows(session, select(Label))[0].voided_at is None


@pytest.mark.parametrize("reason", ["lost", "another_door"])
def test_the_page_is_seen_before_it_is_printed_again(officer, session, monkeypatch, reason):
    (place,) = given.places(session)
    order(officer, place.number)
    (label,) = given.rows(session, select(Label))
    drawn: list[str] = []
    monkeypatch.setattr(
        routes,
        "face_of",
        lambda place, serial, day: drawn.append(serial) or face_of(place, serial, day),
    )
    here = f"{HOME}/locations/{place.number}/"
    assert f'action="{here}preview"' in officer.get(here).text
    seen = officer.post(f"{here}preview", data={"reason": reason, "sheet": "a5", "start": "1"})
    assert seen.text.count("data:image/png;base64,") == 1
    assert f'action="{here}"' in seen.text
    assert ("the old label is void" in seen.text) is (reason == "lost")
    # A new number is made with the order; for another door the label is printed as it is.
    assert drawn == [routes.SPECIMEN if reason == "lost" else label.serial]
    assert [each.voided_at for each in given.rows(session, select(Label))] == [None]


def test_a_reprint_voids_the_old_serial(officer, session):
    (place,) = given.places(session)
    order(officer, place.number)
    assert again(officer, place.number, reason="lost").status_code == 303
    old, new = given.rows(session, select(Label).order_by(Label.id))
    assert (old.void_reason, new.replaces_id, new.voided_at) == ("lost", old.id, None)
    assert old.voided_at == given.NOW and old.serial != new.serial


def test_a_copy_for_another_door_keeps_the_serial_and_is_counted(app, officer, session):
    (place,) = given.places(session)
    order(officer, place.number)
    again(officer, place.number, reason="another_door")
    run_waiting(app)
    assert given.rows(session, select(Label))[0].voided_at is None
    text = officer.get(f"{HOME}/locations/{place.number}/").text
    assert re.search(r"Copies </span>2</td>", text)


@pytest.mark.parametrize("path", ["/", "/batches/", "/batches/ABC/", "/locations/HSL-A/"])
def test_strangers_and_applicants_stay_outside(app, client, path):
    given.be(app, given.APPLICANT)
    assert client.get(f"{HOME}{path}").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/batches/ABC/", "/batches/ABC/progress", "/batches/ABC/labels.pdf", "/locations/HSL-A/"],
)
def test_what_is_not_there_is_not_found(officer, path):
    assert officer.get(f"{HOME}{path}").status_code == 404


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_every_page_is_sound_in_every_language(app, officer, session, lang):
    places = given.places(session, 2)
    order(officer, places[0].number)
    run_waiting(app)
    reference = given.rows(session, select(LabelBatch))[0].reference
    for path in ("/", "/?show=all", "/batches/", f"/batches/{reference}/",
                 f"/locations/{places[0].number}/", f"/locations/{places[1].number}/"):  # fmt: skip
        assert officer.get(f"/{lang}/staff/labels{path}").status_code == 200
