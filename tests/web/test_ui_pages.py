"""Whole pages made of the macros: sound HTML, three languages, nothing inline, errors announced."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.gallery import Everything

LANGS = {"en": "en", "tc": "zh-Hant-HK", "sc": "zh-Hans"}


@pytest.fixture
def pages(gallery: Flask) -> FlaskClient:
    return gallery.test_client()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("path", ["", "form", "form?state=filled", "form?state=wrong"])
def test_pages_are_sound_in_each_language(pages, lang, path):
    answer = pages.get(f"/{lang}/{path}")
    assert answer.status_code == 200
    assert f'<html class="nhsuk-template" lang="{LANGS[lang]}">' in answer.text


@pytest.mark.parametrize(
    "code", ["400", "403", "404", "405", "413", "422", "429", "500", "503", "refused", "csrf"]
)
@pytest.mark.parametrize("lang", LANGS)
def test_error_pages_are_sound_in_each_language(pages, lang, code):
    assert pages.get(f"/{lang}/error/{code}").status_code == 200


def test_the_language_switch_keeps_page_and_query(pages):
    text = pages.get("/en/form?state=wrong").text
    assert '<a href="/tc/form?state=wrong" lang="zh-Hant-HK" hreflang="zh-Hant-HK">繁體</a>' in text
    assert '<a href="/sc/form?state=wrong" lang="zh-Hans" hreflang="zh-Hans">简体</a>' in text
    assert '<span lang="en" aria-current="true">English</span>' in text


def test_problems_are_in_the_title_the_summary_and_beside_the_question(pages):
    text = pages.get("/en/form?state=wrong").text
    assert "<title>Error: Details of the institution – " in text
    assert 'tabindex="-1" autofocus' in text
    assert '<a href="#name_en">Enter an answer to “Name in English”</a>' in text
    assert 'aria-describedby="name_en-hint name_en-error" aria-invalid="true"' in text
    assert "<title>Details" in pages.get("/en/form").text


def test_a_stale_form_is_shown_again_with_all_that_was_typed(pages):
    text = pages.get("/en/error/csrf").text
    assert 'name="name" value="a &#34;quoted&#34; &lt;name&gt;"' in text
    assert text.count('name="many"') == 2
    # The form's, and that of the button in the header: the stale one is not sent again.
    assert text.count('name="csrf_token"') == 2


def test_questions_open_below_their_radio_button(pages):
    text = pages.get("/en/form").text
    assert 'data-aria-controls="conditional-kind"' in text
    assert text.index('id="conditional-kind"') < text.index('id="licence"')
    assert 'data-asked-by="kind" data-asked-when="CL OTH"' in text


def test_every_kind_of_question_has_a_branch(gallery):
    with gallery.test_request_context("/en/"):
        field = gallery.jinja_env.globals["ui"].field
        for question in Everything().questions():
            assert f'name="{question.name}' in str(field(question)), question.kind


def test_a_kind_without_a_branch_would_be_noticed(gallery):
    with gallery.test_request_context("/en/"):
        question = Everything().question("phone")
        question.kind = "unheard of"
        assert 'name="phone' not in str(gallery.jinja_env.globals["ui"].field(question))


def test_what_a_person_typed_is_never_translated_or_trusted(gallery):
    with gallery.test_request_context("/tc/"):
        form = Everything(answers={"name_en": "<b>Yes</b>", "story": "\n<script>"})
        drawn = str(gallery.jinja_env.globals["ui"].fields(form))
    assert "&lt;b&gt;Yes&lt;/b&gt;" in drawn
    assert ">\n\n&lt;script&gt;</textarea>" in drawn


def test_asking_for_an_unknown_macro_fails(gallery):
    with pytest.raises(AttributeError):
        _ = gallery.jinja_env.globals["ui"].buton


@pytest.mark.parametrize(
    ("current", "last", "numbers"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (1, 9, [1, 2, 0, 9]),
        (5, 9, [1, 0, 4, 5, 6, 0, 9]),
        (3, 9, [1, 2, 3, 4, 0, 9]),
        (4, 9, [1, 2, 3, 4, 5, 0, 9]),
        (9, 9, [1, 0, 8, 9]),
    ],
)
def test_page_numbers_leave_out_what_is_far(gallery, current, last, numbers):
    assert gallery.jinja_env.globals["pages_around"](current, last) == numbers


def test_files_with_their_mark_are_kept_by_browsers_and_others_asked_for_again(app, client):
    with app.test_request_context("/en/"):
        address = app.jinja_env.globals["asset"]("js/start.js")
    with client.get(address) as kept, client.get("/static/js/start.js") as plain:
        assert "max-age=31536000" in kept.headers["Cache-Control"]
        assert plain.headers["Cache-Control"] == "no-cache"
