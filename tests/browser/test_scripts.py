"""The small scripts: questions, uploads, parts put in place by htmx, the warning before the end."""

import re

import pytest


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    yield page
    context.close()


def test_questions_appear_when_they_are_asked(page, address):
    page.goto(f"{address}/en/form", wait_until="networkidle")
    assert not page.is_visible("#licence")
    assert not page.is_visible("#partners")
    page.check("input[name=kind][value=PH]")
    assert page.is_visible("#licence")
    page.check("input[name=kind][value=CL]")
    assert not page.is_visible("#licence")
    assert page.is_visible("#partners")


def test_without_scripts_every_question_is_there(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/en/form")
    assert page.is_visible("#licence")
    assert page.is_visible("#partners")
    context.close()


def test_a_form_is_sent_once(page, address):
    sent = []
    page.route("**/en/form", lambda route: hold(route, sent))
    page.goto(f"{address}/en/form")
    page.get_by_role("button", name="Save and continue").dblclick(no_wait_after=True)
    page.wait_for_timeout(300)
    assert len(sent) == 1


def hold(route, sent):
    """Let pages through; keep what is sent waiting, as a slow server would."""
    if route.request.method == "POST":
        sent.append(route.request.post_data)
    else:
        route.continue_()


def test_leaving_with_unsaved_words_is_asked_about(page, address):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.goto(f"{address}/en/form", wait_until="networkidle")
    page.locator("#name_en").press_sequentially("Clinic")
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]


def test_each_file_goes_by_a_request_of_its_own(page, address):
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.goto(f"{address}/en/", wait_until="networkidle")
    assert not page.is_visible("[data-upload-button]")
    page.set_input_files(
        "input[type=file]",
        [
            {"name": "br.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1"},
            {"name": "bad.exe", "mimeType": "application/x-dosexec", "buffer": b"MZ"},
            {"name": "ci.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1"},
        ],
    )
    page.wait_for_selector("#documents li:nth-child(2)")
    assert len(sent) == 3
    failed = page.locator(".app-upload__failed")
    # The last file's end is read aloud and seen, wherever on the page one is.
    assert page.inner_text("#status").startswith("ci.pdf – ")
    assert failed.inner_text() == "bad.exe – This kind of file is not accepted"
    assert page.locator("#documents li").all_inner_texts()[-2:] == ["br.pdf", "ci.pdf"]


def test_problems_are_put_in_the_form_s_place_and_get_the_focus(page, address):
    page.goto(f"{address}/en/part", wait_until="networkidle")
    page.get_by_role("button", name="Send").click()
    page.wait_for_selector(".nhsuk-error-summary")
    assert "nhsuk-error-summary" in page.evaluate("document.activeElement.className")
    assert page.title().startswith("Error: ")
    # The components of the new part are awake: one counts, the other opens below its choice.
    assert "400 characters remaining" in page.inner_text("#part")
    page.check("input[value=PH]")
    assert page.is_visible("#licence")


def test_an_error_of_the_server_s_leaves_the_page_as_it_is(page, address):
    page.goto(f"{address}/en/part", wait_until="networkidle")
    page.fill("#story", "break")
    with page.expect_response(re.compile("/part")) as answer:
        page.get_by_role("button", name="Send").click()
    assert answer.value.status == 500
    page.wait_for_timeout(200)
    assert page.input_value("#story") == "break"
    assert page.is_visible("#part")


def test_the_end_of_the_session_is_announced_and_can_be_put_off(page, address):
    page.clock.install()
    page.goto(f"{address}/en/form", wait_until="networkidle")
    assert not page.is_visible("dialog")
    page.clock.fast_forward("28:01")
    assert page.is_visible("dialog")
    with page.expect_request(f"{address}/en/"):
        page.get_by_role("button", name="Stay signed in").click()
    assert not page.is_visible("dialog")
