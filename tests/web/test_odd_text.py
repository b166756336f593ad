"""P18: whatever is typed into any question of a step is kept as expected, or refused and shown.

Every question of every step, found by walking the forms: a new question is tried without
anyone thinking of it.
"""

from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlmodel import Session, select

from portal.accounts.models import Person
from portal.application.steps import STEPS
from portal.cases.models import Answer
from portal.forms.base import Question
from portal.forms.choices import ChoosingField
from portal.forms.dates import PARTS
from portal.forms.fields import (
    CodeField,
    DateField,
    EmailField,
    LongTextField,
    NumberField,
    PhoneField,
)
from portal.registry.scheme import scheme
from tests.applying import Applicant, soundly
from tests.people import SignIn

TABLES = scheme(date(2026, 11, 23))
WALKS = [
    ("institution", "PH"),  # a licence is required
    ("institution", "CLG"),  # a licence number may follow
    ("users", "CLG"),
    ("locations", "CLG"),
]
"""Step and kind of institution: together they ask every question there is."""


@dataclass(frozen=True)
class Odd:
    """What somebody types and what each sort of question keeps of it; None: it is refused.

    `line` is one line, `lines` several (as one line unless said), `code` a number from a paper.
    """

    typed: str
    line: str | None = None
    code: str | None = None
    lines: str | None = None
    phone: str | None = None
    email: str | None = None
    number: int | None = None

    def expected(self, question: Question) -> Any:
        by_sort = {
            LongTextField: self.lines or self.line,
            PhoneField: self.phone,
            EmailField: self.email,
            NumberField: self.number,
            CodeField: self.code,
        }
        special = [kept for sort, kept in by_sort.items() if isinstance(question, sort)]
        found = special[0] if special else self.line
        too_long = isinstance(found, str) and len(found) > getattr(question, "max_length", 10**6)
        return None if isinstance(question, DateField) or too_long else found


RARE = "陳氏診所 㘭䃟邨埗鰂磡𠝹𨋢"
HEALER = "\U0001f469\u200d\u2695\ufe0f"
KEPT = [
    Odd("ＡＢＣ　１２", line="ＡＢＣ １２", code="ABC12", lines="ＡＢＣ　１２"),
    Odd(RARE, line=RARE, code=RARE.replace(" ", "")),
    Odd(f"a\u0301 e\u0308 {HEALER}", line=f"\u00e1 \u00eb {HEALER}", code=f"\u00c1\u00cb{HEALER}"),
    Odd("' OR 1=1 --", line="' OR 1=1 --", code="'OR1=1--"),
    Odd("<b>alert(1)</b>", line="<b>alert(1)</b>", code="<B>ALERT(1)</B>"),
    Odd("{{ 7*7 }} %(name)s %s", line="{{ 7*7 }} %(name)s %s", code="{{7*7}}%(NAME)S%S"),
    Odd("../../etc/passwd", line="../../etc/passwd", code="../../ETC/PASSWD"),
    Odd("x" * 5000),
    Odd("\t  spaced   out \u3000 ", line="spaced out", code="SPACEDOUT", lines="spaced   out"),
    Odd(
        "line one\r\nline two", line="line one line two", code="LINEONELINETWO",
        lines="line one\nline two",
    ),
    Odd("２３４５-６７８９", line="２３４５-６７８９", code="2345-6789", phone="23456789"),
    Odd("１２", line="１２", code="12", number=12),
    Odd("a＠ｅxample．org", line="a＠ｅxample．org", code="A@EXAMPLE.ORG", email="a@example.org"),
]  # fmt: skip
NEVER_KEPT = ["a\x00b", "a\u202eb", "a\ue000b", "a\x07b", "a\ufffeb"]
"""NUL, a turn of direction, private use, another control character, no character at all."""
UNWANTED = {"en": "Character", "tc": "個字元", "sc": "个字元"}
"""A word of every sentence that refuses one."""


class Seen(HTMLParser):
    """What a page shows: the text of each element with an id, and what is typed in controls."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.typed: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {key: value or "" for key, value in attrs}
        if tag == "input" and "name" in a:
            self.typed[a["name"]] = a.get("value", "")
        elif tag not in {"meta", "link", "br", "hr", "img", "input"}:
            self._open.append((tag, a.get("name" if tag == "textarea" else "id", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, text: str) -> None:
        for tag, name in self._open:
            place = self.typed if tag == "textarea" else self.said
            place[name] = place.get(name, "") + text


@dataclass
class Asked:
    """One step in front of an applicant, with sound answers saved."""

    applicant: Applicant
    step: str
    kind: str
    path: str
    session: Session

    @property
    def words(self) -> list[Question]:
        """The questions answered by typing; the others offer choices."""
        found = questions(self.step, self.kind)
        return [q for q in found if not isinstance(q, ChoosingField)]

    def kept(self) -> dict[str, Any]:
        self.session.rollback()
        answer = select(Answer).where(Answer.step == self.step)
        return dict(self.session.exec(answer).one().answers)

    def page(self) -> Seen:
        return Seen(self.applicant.client.get(self.path).text)

    def save(self, changed: dict[str, Any], **more: str) -> tuple[int, Seen]:
        """Save sound answers but for `changed`, over the revision the page shows."""
        revision = self.page().typed["revision"]
        form = {**sound(self.step, self.kind), **changed, **more, "revision": revision}
        answer = self.applicant.client.post(self.path, data=form)
        return answer.status_code, Seen(answer.text)

    def type_everywhere(self, text: str, **more: str) -> tuple[int, Seen]:
        """Save with `text` in every question that is answered by typing."""
        return self.save({k: v for q in self.words for k, v in controls(q, text).items()}, **more)


def sound(step: str, kind: str) -> dict[str, Any]:
    licence = {"licence_number": "PH123"} if (step, kind) == ("institution", "PH") else {}
    return {**soundly(step), **licence}


def questions(step: str, kind: str) -> list[Question]:
    """What a step asks an institution of `kind` that gives sound answers."""
    chosen = next(each for each in STEPS if each.key == step)
    given = {"kind": kind, "licence": TABLES.kind[kind].licence}
    answers = {**sound(step, kind), "registers_patients": True}
    return list(chosen.filled(answers, tables=TABLES, given=given).asked())


def controls(question: Question, text: str) -> dict[str, str]:
    """The controls of a question with `text` in them."""
    if isinstance(question, DateField):
        return {f"{question.name}-{part}": text for part in PARTS}
    return {question.name: text}


def as_typed(question: Question, text: str) -> Any:
    return dict.fromkeys(PARTS, text) if isinstance(question, DateField) else text


def same(shown: str, typed: object) -> bool:
    """A control on a page may hold line ends and spaces another way."""
    return shown.split() == str(typed).split()


@pytest.fixture
def asked(
    request: pytest.FixtureRequest, applicant: Person, sign_in: SignIn, session: Session
) -> Asked:
    step, kind, lang = request.param
    applying = Applicant(sign_in(applicant), lang).begin(kind)
    path = f"{applying.path}/{step}"
    if step == "institution":
        assert applying.save(step, sound(step, kind)).status_code == 303
    else:
        path += f"/{applying.add(step, soundly(step))}"
    return Asked(applying, step, kind, path, session)


walks = pytest.mark.parametrize(
    "asked", [(*walk, "en") for walk in WALKS], indirect=True, ids="-".join
)
walks_in_every_language = pytest.mark.parametrize(
    "asked", [(*walk, lang) for walk in WALKS for lang in UNWANTED], indirect=True, ids="-".join
)


def test_every_question_is_tried():
    tried = {(step, q.short_name) for step, kind in WALKS for q in questions(step, kind)}
    there_are = {
        (step.key, question.short_name)
        for step in STEPS
        for question in step.filled(tables=TABLES).questions()
    }
    assert tried == there_are


@walks
def test_a_draft_keeps_what_is_typed(asked: Asked):
    for odd in KEPT:
        status, _ = asked.type_everywhere(odd.typed, later="yes")
        assert status == 303, odd
        kept, page = asked.kept(), asked.page()
        for question in asked.words:
            name, expected = question.short_name, odd.expected(question)
            assert kept[name] == (as_typed(question, odd.typed) if expected is None else expected)
            for control in controls(question, ""):
                assert same(page.typed[control], expected or odd.typed), (control, odd)


@walks
def test_what_a_question_does_not_take_is_refused_beside_it_and_shown_again(asked: Asked):
    before = asked.kept()
    for odd in KEPT:
        status, page = asked.type_everywhere(odd.typed)
        assert status == 422, odd
        for question in asked.words:
            refused = f"{question.id}-error" in page.said
            assert refused == (odd.expected(question) is None), (question.name, odd)
            for control in controls(question, ""):
                assert same(page.typed[control], odd.typed), (control, odd)
    assert asked.kept() == before


@walks
def test_only_what_may_be_left_out_is_taken_without_an_answer(asked: Asked):
    status, page = asked.type_everywhere("")
    assert status == 422
    refused = {q.short_name for q in asked.words if f"{q.id}-error" in page.said}
    assert refused == {q.short_name for q in asked.words if not q.optional}


@walks_in_every_language
def test_what_no_database_keeps_is_refused_with_its_code(asked: Asked):
    """Also in a draft, beside each question, in the reader's language."""
    before, lang = asked.kept(), asked.applicant.lang
    for text in NEVER_KEPT:
        for more in ({}, {"later": "yes"}):
            status, page = asked.type_everywhere(text, **more)
            assert status == 422, text.encode()
            for question in asked.words:
                sentence = page.said[f"{question.id}-error"]
                assert UNWANTED[lang] in sentence, question.name
                assert f"U+{ord(text[1]):04X}" in sentence
                assert all(same(page.typed[c], text) for c in controls(question, ""))
    assert asked.kept() == before


@walks
def test_a_choice_that_is_not_offered_is_refused(asked: Asked):
    before = asked.kept()
    for question in questions(asked.step, asked.kind):
        if not isinstance(question, ChoosingField):
            continue
        for text in ("maybe", "<b>x</b>", *NEVER_KEPT, "x" * 5000):
            status, page = asked.save({question.name: text})
            assert status == 422, (question.name, text[:20])
            assert f"{question.id}-error" in page.said, question.name
    assert asked.kept() == before
