"""The register's pages: results, entries, three languages, and what they cost the database."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from portal.infra import db as database
from portal.registry import actions
from portal.registry.demonstration import enter_facilities

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
WHO = {"by": "test", "now": NOW}
PART = {"HX-Request": "true"}


@pytest.fixture
def facilities(session):
    enter_facilities(session, now=NOW)
    session.commit()
    return session


def enter(db, places=1, *, effective=True, **over):
    given = {"name_en": "Corner Practice", "name_tc": "街角診所", "phone": "2905 1234"} | over
    institution = actions.enter_institution(db, kind="CLG", **given, **WHO)
    for number in range(places):
        actions.enter_location(
            db,
            institution,
            district="kc",
            name_en=f"Place {number}",
            name_tc=f"地點{number}",
            address_en=f"{number} Carpenter Road",
            registers_patients=True,
            **WHO,
        )
    if effective:
        actions.make_effective(db, institution.id, effective_at=NOW, **WHO)
    db.commit()
    return institution


def names(response):
    return re.findall(r'app-result__name"><a [^>]*>(?:<span[^>]*>)?([^<]+)<', response.text)


@pytest.mark.parametrize(
    ("address", "first"),
    [
        ("/en/register/?q=ruttonjee", "Ruttonjee Hospital"),
        ("/tc/register/?q=瑪麗醫院", "瑪麗醫院"),
        ("/tc/register/?q=玛丽", "瑪麗醫院"),
        ("/sc/register/?q=瑪麗", "玛丽医院"),
        ("/en/register/?q=薄扶林道", "Queen Mary Hospital"),
        ("/sc/register/?q=argyle+147k", "香港眼科医院"),
        ("/en/register/?q=tsat tse", "North Point Anne Black Family Medicine Clinic"),
    ],
)
def test_a_place_is_found_by_any_of_its_names_and_addresses(client, facilities, address, first):
    assert names(client.get(address))[0] == first


@pytest.mark.parametrize(("lang", "count"), [("en", "134 results"), ("tc", "134"), ("sc", "134")])
def test_everything_is_listed_and_counted_in_three_languages(client, facilities, lang, count):
    page = client.get(f"/{lang}/register/")
    assert re.search(rf'role="status">[^<]*{count}', page.text)
    assert len(names(page)) == 20
    assert 'rel="next"' in page.text


def test_pages_turn_by_plain_links_that_keep_the_question(client, facilities):
    page = client.get("/en/register/?q=clinic&district=kt&district=st&page=1")
    found, addresses = names(page), re.findall(r'href="(/en/register/\?[^"]*page=2)"', page.text)
    assert addresses == [] or "district=kt" in addresses[0]
    page = client.get("/en/register/?q=hospital&page=2")
    assert len(names(page)) > 0
    assert names(page) != found
    assert names(client.get("/en/register/?q=hospital&page=999"))


@pytest.mark.parametrize("page", ["0", "-1", "x", "٣", "1" * 30, "", "1.5"])
def test_a_strange_page_number_is_the_first_page_or_the_last(client, facilities, page):
    assert names(client.get("/en/register/", query_string={"page": page}))


@pytest.mark.parametrize(
    "words", ["\x00", "\u202e瑪麗", "🏥", "%", "a" * 5000, "<script>", "'", "\ue000", "\\"]
)
def test_naughty_words_are_answered(client, facilities, words):
    page = client.get("/en/register/", query_string={"q": words, "district": "xx", "kind": "'"})
    assert page.status_code == 200
    assert "<script>" not in page.text.partition("<main")[2]


def test_filters_narrow_and_count(client, facilities):
    page = client.get("/en/register/?district=tw")
    assert {"Yan Chai Hospital", "Yan Chai Hospital Family Medicine Clinic"} <= set(names(page))
    assert re.search(r'value="tw" checked', page.text)
    count = re.search(r'for="district-tw">Tsuen Wan <span[^>]*>(\d+)<', page.text)
    shown = re.search(r'role="status">(\d+) results', page.text)
    assert count and shown and count[1] == shown[1]


def test_nothing_found_says_what_to_try(client, facilities):
    page = client.get("/en/register/?q=zzzz&district=tw")
    assert "No matching results" in page.text
    assert 'href="/en/register/?q=zzzz"' in page.text


def test_as_one_types_only_the_results_are_sent(client, facilities):
    part = client.get("/en/register/?q=ruttonjee", headers=PART)
    assert part.text.lstrip().startswith('<div id="results"')
    assert "HX-Request" in part.headers["Vary"]
    assert names(part)[0] == "Ruttonjee Hospital"


def test_the_entry_of_an_institution_shows_its_places(client, session):
    institution = enter(session, places=3)
    page = client.get(f"/en/register/{institution.number}")
    assert names(page) == ["Place 0", "Place 1", "Place 2"]
    assert '<span lang="zh-Hant-HK">街角診所</span>' in page.text
    assert 'href="tel:29051234"' in page.text


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_the_entry_of_a_place_has_all_that_is_published(client, session, lang):
    institution = enter(session)
    number = institution.locations[0].number
    page = client.get(f"/{lang}/register/{institution.number}/{number}")
    for part in ("0 Carpenter Road", "2905 1234", number, institution.number):
        assert part in page.text, part
    if lang != "en":
        assert '<span lang="en">0 Carpenter Road</span>' in page.text


@pytest.mark.parametrize("form", ["{i}/{l}", "l/{l}", "{l}", "{i_lower}/{l_lower}"])
def test_permanent_addresses_forgive_and_lead_to_one(client, session, form):
    institution = enter(session)
    one, other = institution.number, institution.locations[0].number
    path = form.format(i=one, l=other, i_lower=one.lower(), l_lower=other.lower())
    page = client.get(f"/en/register/{path}", follow_redirects=True)
    assert page.status_code == 200
    assert page.request.path == f"/en/register/{one}/{other}"


def test_entries_that_are_not_listed_are_not_there(client, session):
    accepted, gone = enter(session, effective=False), enter(session)
    actions.end_institution(session, gone, at=NOW + timedelta(0), reason="left", **WHO)
    session.commit()
    for institution in (accepted, gone):
        place = institution.locations[0].number
        for path in (institution.number, f"{institution.number}/{place}", f"l/{place}"):
            assert client.get(f"/en/register/{path}").status_code == 404, path
    assert client.get("/en/register/HCI-AAA-AAA-AAA").status_code == 404
    assert client.get("/en/register/no-such-thing").status_code == 404


def test_names_are_escaped(client, session):
    institution = enter(session, name_en="<b>A & B</b>")
    for path in (
        "",
        f"{institution.number}",
        f"{institution.number}/{institution.locations[0].number}",
    ):
        text = client.get(f"/en/register/{path}").text
        assert "<b>A" not in text
        assert "&lt;b&gt;A &amp; B" in text


def statements(client, address):
    """How many statements the first and the second request of `address` ask of the database."""
    client.get("/en/register/?q=warm")
    counted: list[int] = []
    listener = lambda *_: counted.append(1)  # noqa: E731
    event.listen(database.engine(), "before_cursor_execute", listener)
    try:
        first = (client.get(address), len(counted))[1]
        return first, (client.get(address), len(counted) - first)[1]
    finally:
        event.remove(database.engine(), "before_cursor_execute", listener)


def test_statements_per_page_do_not_grow_with_the_rows(client, session):
    enter(session, places=1, name_en="One")
    enter(session, places=30, name_en="Many")
    few = statements(client, "/en/register/?q=one")
    many = statements(client, "/en/register/?q=many")
    assert few == many
    assert statements(client, "/en/register/")[1] == many[1]


def test_statements_per_entry_do_not_grow_with_its_places(client, session):
    one, many = enter(session, places=1), enter(session, places=40)
    assert statements(client, f"/en/register/{one.number}") == statements(
        client, f"/en/register/{many.number}"
    )


def test_a_frame_drawn_for_one_visitor_is_never_shown_to_another(
    client, facilities, applicant, sign_in
):
    """The frame is kept per process: it must hold nothing of whoever came first."""
    signed_in, address = sign_in(applicant), "/en/register/?q=tsan+yuk"
    own = signed_in.get(address).text
    strangers = client.get(address).text
    assert "Sign out" in own
    assert "Sign out" not in strangers
    assert "Sign out" in signed_in.get(address).text


def test_the_other_languages_keep_the_question_and_the_page(client, facilities):
    page = client.get("/en/register/?q=%E9%86%AB%E9%99%A2&district=st&district=kt&page=2")
    kept = "?q=%E9%86%AB%E9%99%A2&amp;district=st&amp;district=kt"
    for lang in ("tc", "sc"):
        assert f'href="/{lang}/register/{kept}' in page.text
    other = client.get("/en/register/?q=clinic&page=2").text
    assert 'href="/tc/register/?q=clinic&amp;page=2"' in other
