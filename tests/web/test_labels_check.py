"""What anyone learns from a label's code."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal.infra import clock
from portal.labels import check_routes
from portal.labels.actions import order
from portal.labels.models import Label, LabelCheck
from portal.labels.serials import in_groups, new_serial
from portal.labels.sheets import SINGLE
from tests import labels as given


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: given.NOW)
    monkeypatch.setattr(check_routes, "now", lambda: given.NOW)


@pytest.fixture
def label(app, session: Session) -> Label:
    (place,) = given.places(session)
    with app.test_request_context():
        order(session, [place.number], sheet=SINGLE, start=1, asked="a", by=given.OFFICER,
              now=given.NOW)  # fmt: skip
        session.commit()
    return given.rows(session, select(Label))[0]


def test_a_good_label_says_so_in_three_languages_with_its_place(client, label):
    text = client.get(f"/v/{label.serial}").text
    assert "genuine and valid today" in text
    for lang, name in (("en", "Harbour Clinic 1"), ("zh-Hant-HK", "海港診所（1）"),
                       ("zh-Hans", "海港诊所（1）")):  # fmt: skip
        section = re.search(rf'<section class="app-check__told" lang="{lang}">(.*?)</section>',
                            text, re.S)  # fmt: skip
        assert section and name in section[1]
    assert in_groups(label.serial) in text


def typings(serial: str) -> list[str]:
    return [serial.lower(), in_groups(serial), f" {in_groups(serial).replace(' ', '-')} ",
            serial.replace("D", "0").replace("L", "1").replace("2", "Z"),
            "".join(chr(ord(c) + 0xFEE0) for c in serial)]  # fmt: skip


@pytest.mark.parametrize("way", range(5))
def test_carelessly_typed_serials_are_found(client, label, way):
    assert "valid today" in client.get(f"/v/{typings(label.serial)[way]}").text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"label": {"voided_at": given.NOW - timedelta(days=3), "void_reason": "lost"}},
      "replaced on 21 November 2026"),
     ({"location": {"ended_at": given.NOW - timedelta(days=1)}}, "has left eHealth"),
     ({"institution": {"ended_at": given.NOW - timedelta(days=1)}}, "has left eHealth"),
     ({"location": {"effective_at": None}}, "not effective today"),
     ({"institution": {"effective_at": given.NOW + timedelta(days=1)}}, "not effective today")],
)  # fmt: skip
def test_a_label_is_worth_no_more_than_its_place(client, label, session, change, sentence):
    things = {"label": label, "location": label.location,
              "institution": label.location.institution}  # fmt: skip
    for name, values in change.items():
        for key, value in values.items():
            setattr(things[name], key, value)
        session.add(things[name])
    session.commit()
    text = client.get(f"/v/{label.serial}").text
    assert sentence in text and "app-check--yes" not in text


@pytest.mark.parametrize(
    "typed", ["x", "%00", "../../etc/passwd", "A" * 27 + "B", "A" * 5000, "‮醫"]
)
def test_what_cannot_be_a_serial_is_said_to_be_mistyped(client, label, typed):
    answer = client.get(f"/v/{typed}")
    assert answer.status_code == 200
    assert "not a label number" in answer.text


def test_an_unknown_serial_and_a_known_one_cost_the_same_statements(app, client, label):
    from sqlalchemy import event

    from portal.infra.db import engine

    asked: list[str] = []
    event.listen(engine(), "before_cursor_execute", lambda *a: asked.append(a[2]))
    counts = []
    for serial in (label.serial, new_serial(), "wrong"):
        asked.clear()
        client.get(f"/v/{serial}")
        counts.append(len(asked))
    assert len(set(counts)) == 1, counts


def test_checks_are_counted_by_day_and_nothing_more(client, label, session):
    for serial in (label.serial, label.serial, new_serial()):
        client.get(f"/v/{serial}")
    rows = given.rows(session, select(LabelCheck).order_by(LabelCheck.label_id))
    assert [(r.label_id, r.verdict, r.times) for r in rows] == [
        (0, "unknown", 1),
        (label.id, "valid", 2),
    ]
    assert set(LabelCheck.model_fields) == {"day", "label_id", "verdict", "times"}


def test_no_answer_is_kept_by_browsers_or_found_by_search_engines(client, label):
    headers = client.get(f"/v/{label.serial}").headers
    assert headers["Cache-Control"] == "no-store" and headers["X-Robots-Tag"] == "noindex"


def test_a_number_can_be_typed(client, label):
    assert 'name="serial"' in client.get("/v/").text
    answer = client.get("/v/", query_string={"serial": in_groups(label.serial).lower()})
    assert answer.status_code == 303 and answer.headers["Location"] == f"/v/{label.serial}"
