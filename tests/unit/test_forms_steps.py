"""A step is declared once; asking, judging, keeping and showing follow from it."""

import json
from datetime import date
from types import SimpleNamespace

import pytest
from werkzeug.datastructures import MultiDict

from portal.forms.fields import (
    ChoiceField,
    DateField,
    ManyChoicesField,
    Step,
    StepForm,
    TextField,
    YesNoField,
    shown_answers,
    when,
)
from portal.kernel.problems import Problem
from portal.kernel.text import Said


def kinds(tables):
    return [(kind.code, kind) for kind in tables.kinds]


class Place(StepForm):
    kind = ChoiceField("Kind", choices=kinds)
    licence = TextField("Licence number", asked=when("kind", "PH"))
    letter = TextField("Letter", asked=when("kind", "PH", "DPC"), optional=True)
    note = TextField("Note", asked=lambda answers: answers.get("country") == "elsewhere")
    patients = YesNoField("Are patients registered here?", public=True)
    reader = TextField("Which reader", asked=when("patients", True), personal=True)
    opened = DateField("Opened", optional=True)
    days = ManyChoicesField("Days", choices=(("mon", "Monday"), ("tue", "Tuesday")), optional=True)

    def agree(self, cleaned):
        if cleaned.get("licence") == "SAME" and cleaned.get("letter") == "SAME":
            yield Problem("letter", "Letter and licence must differ")


KINDS = [
    SimpleNamespace(code=code, name_en=name, name_tc=name, name_sc=name)
    for code, name in (("PH", "Private hospital"), ("DPC", "Centre"), ("OTH", "Other"))
]
TABLES = SimpleNamespace(kinds=KINDS)
PLACE = Step(key="place", title="Place", form=Place)


def answered(**answers):
    return PLACE.filled(answers, tables=TABLES)


def keys(questions):
    return [question.short_name for question in questions]


def test_questions_follow_the_answers_before_them():
    assert keys(answered(kind="OTH", patients=False).asked()) == [
        "kind", "patients", "opened", "days",
    ]  # fmt: skip
    assert "licence" in keys(answered(kind="PH").asked())
    assert "letter" in keys(answered(kind="DPC").asked())


def test_answers_of_earlier_steps_decide_too():
    form = PLACE.filled({}, tables=TABLES, given={"country": "elsewhere"})
    assert "note" in keys(form.asked())
    assert "note" not in keys(answered().asked())


def test_an_answer_not_asked_for_is_not_kept():
    form = answered(kind="OTH", licence="123", patients=False)
    assert "licence" not in form.answers()
    assert not any(problem.at == "licence" for problem in form.problems())


def test_a_question_with_one_cause_opens_below_it_others_are_drawn_always():
    form = answered()
    assert keys(form.drawn()) == ["kind", "letter", "patients", "opened", "days"]
    assert keys(form.question("kind").revealed("PH")) == ["licence"]
    assert keys(form.question("kind").revealed("DPC")) == []
    assert keys(form.question("patients").revealed(True)) == ["reader"]


def test_choices_come_from_the_tables_passed_in():
    assert [choice.value for choice in answered().question("kind").choices] == ["PH", "DPC", "OTH"]
    gone = PLACE.filled({"kind": "PH"}, tables=SimpleNamespace(kinds=KINDS[1:]))
    assert next(problem.at for problem in gone.problems()) == "kind"


def test_problems_come_in_the_order_of_the_questions():
    at = [problem.at for problem in answered(kind="PH", patients=True).problems()]
    assert at == ["licence", "reader"]


def test_agreement_is_asked_for_when_the_single_answers_are_sound():
    sound = {"kind": "PH", "licence": "SAME", "letter": "SAME", "patients": False}
    assert answered(**sound).problems() == (Problem("letter", "Letter and licence must differ"),)
    assert answered(**sound, opened="x").problems() != ()


def test_saving_for_later_refuses_only_what_no_database_keeps():
    form = answered(kind="PH", licence="a\x00", patients=None)
    assert [problem.at for problem in form.problems(later=True)] == ["licence"]
    assert [problem.at for problem in form.problems()] == ["licence", "patients"]


def test_blame_puts_problems_from_elsewhere_beside_the_question():
    form = answered(kind="PH")
    assert form.blame([Problem("licence", "Used by another institution")]) is False
    assert form.question("licence").complaints == ("Used by another institution",)
    assert form.question("kind").complaints == ()


def test_sound_marks_the_questions_only_when_it_is_called():
    form = answered()
    assert form.question("kind").complaints == ()
    assert not form.sound()
    assert form.question("kind").complaints
    assert form.found == form.problems()


def test_a_browser_s_form_is_judged_like_kept_answers():
    sent = MultiDict({"kind": "PH", "licence": " x ", "patients": "yes", "reader": "r"})
    form = Place(sent, tables=TABLES)
    assert form.sound()
    kept = json.loads(json.dumps(form.answers()))
    assert kept["licence"] == "x"
    assert kept["patients"] is True
    assert answered(**kept).answers() == kept


def test_rows_are_read_with_one_form():
    rows = [{"kind": "PH", "licence": str(n), "patients": False} for n in range(3)]
    form_ids, licences = set(), []
    for form in PLACE.filled_rows(rows, tables=TABLES):
        form_ids.add(id(form))
        licences.append(form.answers()["licence"])
        assert form.sound()
    assert licences == ["0", "1", "2"]
    assert len(form_ids) == 1


@pytest.fixture
def shown():
    answers = {
        "kind": "PH", "licence": "Closed", "patients": True, "opened": "2020-02-03",
        "days": ["tue"],
    }  # fmt: skip
    return {row.key: row for row in shown_answers(PLACE, answers, tables=TABLES)}


def test_answers_are_shown_with_the_words_of_the_product_apart_from_the_person_s(shown):
    assert shown["kind"].values == (KINDS[0],)
    assert shown["licence"].values == ("Closed",)
    assert shown["patients"].values == (Said("Yes"),)
    assert shown["days"].values == (Said("Tuesday"),)
    assert shown["opened"].values == (date(2020, 2, 3),)
    assert shown["letter"].values == ()


def test_what_is_shown_says_what_is_public_personal_and_wrong(shown):
    assert shown["patients"].public
    assert shown["reader"].personal
    assert shown["reader"].problem is not None
    assert shown["kind"].problem is None
