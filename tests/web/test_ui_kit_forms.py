"""Our macros write the design system's markup: compared with what its own macros draw."""

import pytest
from markupsafe import Markup

from tests.web.kit import kit, label, same, tree

INVALID = {"aria-invalid": "true"}
LEGEND = {"legend": {"text": "Question", "size": "s"}}


def test_input(ui):
    same(
        ui.input("a", "Question", 'v"v'), kit("input", id="a", name="a", label=label(), value='v"v')
    )
    same(
        ui.input(
            "a", "Question", "1", type="tel", hint="H", error="E", width="10",
            autocomplete="tel", inputmode="numeric", spellcheck=False,
        ),
        kit(
            "input", id="a", name="a", label=label(), value="1", type="tel", hint="H",
            errorMessage="E", width="10", autocomplete="tel", inputmode="numeric",
            spellcheck=False, attributes=INVALID,
        ),
    )  # fmt: skip
    same(
        ui.input("a", "Question", width="two-thirds", heading=True, size="l"),
        kit(
            "input", id="a", name="a", label=label(size="l", isPageHeading=True),
            classes="nhsuk-u-width-two-thirds",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("error", ["", "E"])
def test_textarea_and_select(ui, error):
    about = {"hint": "H", **({"errorMessage": "E", "attributes": INVALID} if error else {})}
    same(
        ui.textarea("a", "Question", "v", rows=5, hint="H", error=error),
        kit("textarea", id="a", name="a", label=label(), rows=5, value="v", **about),
    )
    items = [{"value": "", "text": "Blank"}, {"value": "b", "text": "B", "selected": True}]
    same(
        ui.select("a", "Question", [("b", "B")], "b", blank="Blank", hint="H", error=error),
        kit("select", id="a", name="a", label=label(), items=items, **about),
    )


def test_character_count(ui):
    drawn = ui.counted_textarea("a", "Question", 400, "v")
    words = {
        "data-i18n.characters-under-limit.one": "You have %{count} character remaining",
        "data-i18n.characters-under-limit.other": "You have %{count} characters remaining",
        "data-i18n.characters-at-limit": "You have 0 characters remaining",
        "data-i18n.characters-over-limit.one": "You have %{count} character too many",
        "data-i18n.characters-over-limit.other": "You have %{count} characters too many",
    }
    same(
        drawn,
        kit(
            "character-count", id="a", name="a", label=label(), maxlength=400, rows=5, value="v",
            formGroup={"attributes": words},
        ),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["radios", "checkboxes"])
@pytest.mark.parametrize("error", ["", "E"])
def test_radios_and_checkboxes(ui, kind, error):
    ours = [
        {"value": "x", "text": "X", "hint": "hh", "checked": True},
        {"value": "y", "text": "Y", "below": Markup("<p>c</p>")},
        {"value": "z", "text": "Z", "checked": True, "below": Markup("<p>d</p>")},
    ]
    kits = [
        {"value": "x", "text": "X", "hint": "hh", "checked": True},
        {"value": "y", "text": "Y", "conditional": {"html": "<p>c</p>"}},
        {"value": "z", "text": "Z", "checked": True, "conditional": {"html": "<p>d</p>"}},
    ]
    about = {"hint": "H", **({"errorMessage": "E"} if error else {})}
    same(
        getattr(ui, kind)("a", "Question", ours, hint="H", error=error, small=True),
        kit(kind, idPrefix="a", name="a", fieldset=LEGEND, items=kits, small=True, **about),
    )


def test_inline_radios(ui):
    items = [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}]
    same(
        ui.radios("a", "Question", items, inline=True),
        kit("radios", idPrefix="a", name="a", fieldset=LEGEND, items=items, inline=True),
    )


def test_one_tick_box(ui):
    item = {"value": "yes", "text": "I declare", "checked": True, "attributes": INVALID}
    same(
        ui.tick("a", "I declare", True, hint="H", error="E"),
        kit("checkboxes", idPrefix="a", name="a", hint="H", errorMessage="E", items=[item]),
    )


def date_items(wrong: str = "", **more: object) -> list[dict[str, object]]:
    bad = {"classes": "nhsuk-input--error", "attributes": INVALID}
    return [
        {
            "name": f"d-{part}", "id": "d" if part == "day" else f"d-{part}", "width": width,
            "value": value, "label": part.title(), **(bad if wrong == part else {}), **more,
        }
        for part, width, value in (("day", 2, "1"), ("month", 2, "13"), ("year", 4, "2020"))
    ]  # fmt: skip


def test_date_input(ui):
    values = {"day": "1", "month": "13", "year": "2020"}
    same(
        ui.date_input("d", "Question", values, hint="H"),
        kit("date-input", id="d-boxes", fieldset=LEGEND, hint={"text": "H", "id": "d-hint"},
            items=date_items()),
    )  # fmt: skip
    every = [{**item, "attributes": INVALID} for item in date_items()]
    same(
        ui.date_input("d", "Question", values, error="E"),
        kit("date-input", id="d-boxes", fieldset=LEGEND, items=every,
            errorMessage={"text": "E", "id": "d-error"}),
    )  # fmt: skip


def test_only_the_wrong_box_of_a_date_is_marked(ui):
    drawn = str(
        ui.date_input("d", "Q", {"day": "1", "month": "", "year": "2"}, error="E", wrong="month")
    )
    assert drawn.count("nhsuk-input--error") == 1
    assert 'id="d-month" name="d-month" type="text" inputmode="numeric" aria-invalid' in drawn


def test_password(ui):
    words = {
        "data-i18n.show-password": "Show",
        "data-i18n.hide-password": "Hide",
        "data-i18n.show-password-aria-label": "Show what is typed",
        "data-i18n.hide-password-aria-label": "Hide what is typed",
        "data-i18n.password-shown-announcement": "What you type can be read on the screen",
        "data-i18n.password-hidden-announcement": "What you type is hidden",
    }
    theirs = kit(
        "password-input", id="p", name="p", label=label(), errorMessage="E", hint="H",
        autocomplete="current-password", attributes=INVALID, formGroup={"attributes": words},
    )  # fmt: skip
    theirs = theirs.replace('aria-label="Show password"', 'aria-label="Show what is typed"')
    same(ui.password("p", "Question", hint="H", error="E"), theirs)


def test_search_box(ui):
    same(
        ui.search_box("q", "Name", "牙科"),
        kit("search-input", id="q", name="q", label="Name", value="牙科"),
    )


def test_file_upload(ui):
    drawn = str(ui.file_upload("f", "Question", hint="H", error="E"))
    theirs = kit(
        "file-upload", id="f", name="f", label=label(), hint="H", errorMessage="E", multiple=True,
        attributes=INVALID,
    )  # fmt: skip
    ours, kits = tree(drawn), tree(theirs)
    words = {k: v for k, v in ours[0][1] if k.startswith("data-i18n")}
    assert "%{count} files chosen" in words.values()
    assert tuple(pair for pair in ours[0][1] if pair[0] not in words) == kits[0][1]
    assert ours[0][2] == kits[0][2]
