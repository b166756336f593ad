"""The pages anybody can read, in three languages."""

import re
from datetime import timedelta
from functools import cache, partial

import pytest

from portal.accounts.rules import TYPING_KEPT
from portal.application.steps import STEPS
from portal.cases.notices import all_notices
from portal.guidance import routes
from portal.guidance.content import reading_pages
from portal.infra.i18n import HTML_LANG

LANGUAGES = ("en", "tc", "sc")
PAGES = ("", *(sheet.address for sheet in reading_pages().values()))
NOTICES = tuple(f"notices/{notice.key}" for notice in all_notices())


def hrefs(html: str) -> set[str]:
    """Addresses within the portal that the main part of the page leads to."""
    main = html[html.index("<main") : html.index("</main>")]
    return set(re.findall(r'href="([/#][^"]*)"', main))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("address", PAGES + NOTICES)
def test_a_page_is_there_in_every_language(client, lang, address):
    answer = client.get(f"/{lang}/{address}")
    assert answer.status_code == 200
    assert f'lang="{HTML_LANG[lang]}"' in answer.text
    assert "to:" not in re.sub(r"mailto:|[a-z]to: ", "", answer.text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_link_leads_somewhere_and_every_anchor_is_there(client, lang):
    get = cache(client.get)
    for address in PAGES + NOTICES:
        here = f"/{lang}/{address}"
        for href in hrefs(get(here).text):
            path, _, anchor = href.partition("#")
            there = get(path or here)
            assert there.status_code in {200, 302, 303}, href
            assert not anchor or f'id="{anchor}"' in there.text, (here, href)


@pytest.mark.parametrize("key", [k for k in reading_pages() if k != "terms"])
@pytest.mark.parametrize(
    ("lang", "written"),
    [("en", "{0.day} November {0.year}"), ("tc", "{0.year}年{0.month}月{0.day}日")],
)
def test_a_page_says_when_it_was_reviewed_and_from_what(client, key, lang, written):
    sheet = reading_pages()[key]
    text = client.get(f"/{lang}/{sheet.address}").text
    assert written.format(sheet.reviewed) in text
    for source in sheet.sources:
        assert f'href="{source.address_in(lang)}"' in text


@pytest.mark.parametrize(
    ("lang", "telephone", "hours"),
    [("en", "telephone number", "two hours"), ("tc", "電話", "兩小時"), ("sc", "电话", "两小时")],
)
def test_the_privacy_statement_tells_of_what_is_published_and_what_is_kept(
    client, lang, telephone, hours
):
    """The institution's telephone as well as each location's; and typing kept after a session."""
    assert timedelta(hours=2) == TYPING_KEPT
    assert STEPS[0].form().phone.public
    text = client.get(f"/{lang}/privacy").text
    public = text[text.index('id="public"') : text.index('id="who"')]
    assert public.count(telephone) == 2
    assert hours in text[: text.index('id="public"')]


def test_the_bare_address_goes_to_the_browser_s_language(client):
    ask = partial(client.get, "/")
    assert ask(headers={"Accept-Language": "zh-HK,zh;q=0.9,en;q=0.8"}).location == "/tc/"
    assert ask(headers={"Accept-Language": "zh-CN"}).location == "/sc/"
    answer = ask(headers={"Accept-Language": "fr"})
    assert answer.location == "/en/"
    assert "Accept-Language" in answer.headers["Vary"]


def test_home_offers_what_people_come_for(client):
    text = client.get("/en/").text
    for endpoint in ("/en/apply/new", "/en/apply/", "/en/register/", "/en/check-label"):
        assert f'"{endpoint}"' in text


@pytest.mark.parametrize("typed", ["ab c-23", "ＡＢＣ２３"])
def test_a_serial_typed_by_hand_goes_where_the_code_goes(client, typed):
    answer = client.get("/tc/check-label", query_string={"serial": typed})
    assert (answer.status_code, answer.location) == (303, "/v/ABC23")


@pytest.mark.parametrize("typed", ["", " - ", "\x00"])
def test_no_serial_asks_for_one(client, typed):
    answer = client.get("/en/check-label", query_string={"serial": typed})
    assert answer.location == "/en/#check-label"


def test_a_serial_cannot_lead_outside(client):
    answer = client.get("/en/check-label", query_string={"serial": "//evil.example/x?y"})
    assert answer.location == "/v/EVILEXAMPLEXY"
    answer = client.get("/en/check-label", query_string={"serial": "海" * 100})
    assert answer.location.isascii()


def test_who_may_join_lists_kinds_with_documents_from_the_tables(client):
    text = client.get("/en/who-may-join").text
    home = text[text.index('id="kind-rche"') : text.index('id="kind-nh"')]
    assert "Licence of a residential care home for the elderly" in home
    assert " or " in home
    assert 'id="kind-oth"' in text


def test_who_may_join_lists_the_13_professions_and_where_access_is_open(client):
    text = client.get("/en/who-may-join").text
    table = text[text.index("<table") : text.index("</table>")]
    assert table.count("<tr") == 14
    assert table.count("Not yet, when the source was written") == 2
    assert "Part I optometrist" in table


def test_questions_are_folded_and_can_be_linked_to(client):
    text = client.get("/tc/questions").text
    assert re.search(r'<details[^>]* id="visiting-doctor">', text)
    parts = [part for s in reading_pages()["questions"].text("tc").sections for part in s.parts]
    assert text.count("<details") == len(parts) > 20


def test_a_sample_says_so_and_a_summary_names_its_source(client):
    sample = client.get("/en/notices/conditions_other").text
    assert "SAMPLE" in sample and "binds nobody" in sample
    summary = client.get("/sc/notices/important_notes").text
    assert "SAMPLE" not in summary and "important-notes.html" in summary


def test_production_shows_no_sample(client, portal_settings):
    portal_settings.production = True
    text = client.get("/en/notices/conditions_other").text
    assert "SAMPLE" not in text and "The official text is not in place here yet" in text
    assert "Two limits of 60 days" in client.get("/en/notices/important_notes").text


def test_no_notice_of_that_name(client):
    assert client.get("/en/notices/none").status_code == 404


def test_requirements_of_one_group_stand_together():
    asked = routes.requirements_for("CLG", routes.scheme(all_notices()[0].seen).on)
    found = [[need.document.code for need in group] for group in routes.groups(asked)]
    assert ["incorporation", "partners"] in found
    assert ["clinic_licence", "clinic_exemption"] in found
