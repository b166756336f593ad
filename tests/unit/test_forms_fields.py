"""Each kind of question takes messy answers, refuses wrong ones, and keeps both as typed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from portal.forms.fields import (
    ChoiceField,
    CodeField,
    DateField,
    EmailField,
    HiddenField,
    LongTextField,
    ManyChoicesField,
    NumberField,
    PasswordField,
    PhoneField,
    StepForm,
    TextField,
    TickField,
    YesNoField,
)

COLOURS = (("r", "Red"), ("g", "Green"), ("b", "Blue"))


class Everything(StepForm):
    name = TextField("Name", max_length=10)
    story = LongTextField("Story", max_length=20)
    phone = PhoneField("Telephone")
    email = EmailField("E-mail")
    number = NumberField("How many", least=1, most=500)
    code = CodeField("Licence")
    one = ChoiceField("Colour", choices=COLOURS)
    some = ManyChoicesField("Colours", choices=COLOURS)
    yes = YesNoField("Patients?")
    day = DateField("Opened on", earliest=date(1900, 1, 1), latest=date(2026, 12, 31))
    tick = TickField("I declare")
    token = HiddenField()
    phrase = PasswordField("Passphrase")


def asked(key: str, *typed: str):
    """The question `key` after a browser sent `typed`."""
    return Everything(MultiDict([(key, value) for value in typed])).question(key)


def dated(day: str, month: str, year: str):
    boxes = {"day-day": day, "day-month": month, "day-year": year}
    return Everything(MultiDict(boxes)).question("day")


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("name", "  Dr  Wong ", "Dr Wong"),
        ("story", "a\r\nb ", "a\nb"),
        ("phone", "2345 6789", "23456789"),
        ("phone", "+852 2345-6789", "23456789"),
        ("phone", "852 23456789", "23456789"),
        ("phone", "00852 2345 6789", "23456789"),
        ("phone", "（852）２３４５—６７８９", "23456789"),
        ("email", " Ann＠Example.ORG ", "Ann@example.org"),
        ("number", "１２", 12),
        ("number", " 0007 ", 7),
        ("code", "ab １２－ 3", "AB12-3"),
        ("one", "g", "g"),
        ("yes", "yes", True),
        ("yes", "no", False),
        ("tick", "on", True),
        ("token", "x", "x"),
    ],
)
def test_messy_answers_are_accepted(key, typed, kept):
    question = asked(key, typed)
    assert question.wrong is None
    assert question.kept == kept


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("name", "x" * 11),
        ("story", "x" * 21),
        ("phone", "1234 5678"),
        ("phone", "2345 678"),
        ("phone", "٢٣٤٥٦٧٨٩"),
        ("phone", "852 2345 67890"),
        ("phone", "ring me"),
        ("email", "ann"),
        ("email", "ann@nowhere"),
        ("email", "安@example.org"),
        ("email", "a" * 250 + "@example.org"),
        ("number", "0"),
        ("number", "501"),
        ("number", "twelve"),
        ("number", "9" * 5000),
        ("number", "1.5"),
        ("one", "purple"),
        ("yes", "maybe"),
        ("name", "a\x00b"),
    ],
)
def test_wrong_answers_are_refused_and_stay_as_typed(key, typed):
    question = asked(key, typed)
    assert question.wrong is not None
    assert question.typed == typed
    assert question.kept == typed


@pytest.mark.parametrize("key", [q for q in Everything()._fields if q not in {"token"}])
def test_nothing_answered_is_a_problem_unless_optional(key):
    question = Everything(MultiDict()).question(key)
    assert question.wrong is not None
    question.optional = True
    question.judge()
    assert question.wrong is None
    assert question.cleaned == question.nothing


def test_some_are_kept_in_the_order_offered_and_unknown_ones_refused():
    assert asked("some", "b", "r").kept == ["r", "b"]
    strange = asked("some", "b", "x")
    assert strange.wrong is not None
    assert strange.kept == ["b", "x"]


@pytest.mark.parametrize(
    ("boxes", "kept"),
    [
        (("28", "2", "2026"), "2026-02-28"),
        (("０３", "０５", "１９９９"), "1999-05-03"),
        (("3日", "5月", "1999年"), "1999-05-03"),
        (("3", "May", "1999"), "1999-05-03"),
        (("29", "September", "2024"), "2024-09-29"),
    ],
)
def test_dates_are_taken_in_three_boxes(boxes, kept):
    question = dated(*boxes)
    assert question.wrong is None
    assert question.kept == kept


@pytest.mark.parametrize(
    ("boxes", "part"),
    [
        (("29", "2", "2025"), "day"),
        (("32", "1", "2025"), "day"),
        (("1", "13", "2025"), "month"),
        (("1", "", "2025"), "month"),
        (("1", "1", "25"), "year"),
        (("1", "1", "1899"), "year"),
        (("1", "1", "2027"), "year"),
        (("", "1", "2025"), "day"),
        (("x", "1", "2025"), "day"),
    ],
)
def test_dates_say_which_box_is_wrong(boxes, part):
    question = dated(*boxes)
    assert question.anchor == ("day" if part == "day" else f"day-{part}")
    assert question.wrong is not None
    assert question.kept == dict(zip(("day", "month", "year"), boxes, strict=True))


def test_a_passphrase_is_not_trimmed_kept_or_shown():
    question = asked("phrase", "  correct horse \t")
    assert question.cleaned == "  correct horse \t"
    assert question.kept == ""
    assert question.shown() == ()


def test_a_telephone_number_is_shown_in_two_groups():
    assert asked("phone", "23456789").shown() == ("2345 6789",)
    assert asked("phone", "23").shown() == ("23",)


KEYS = st.sampled_from(
    [*Everything()._fields, "day-day", "day-month", "day-year", "stranger", "name-day"]
)
TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@given(st.lists(st.tuples(KEYS, TEXT), max_size=20))
def test_no_form_ever_breaks_and_kept_answers_are_judged_the_same(pairs):
    form = Everything(MultiDict(pairs))
    again = Everything(answers=form.answers())
    for first, second in zip(form.questions(), again.questions(), strict=True):
        if first.kind == "password":
            continue
        assert second.kept == first.kept
        assert (second.wrong is None) == (first.wrong is None)


ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(KEYS, ODD_JSON, max_size=8))
def test_no_kept_json_breaks_a_form(answers):
    form = Everything(answers=answers)
    form.problems()
    form.answers()
    for question in form.questions():
        question.shown()
