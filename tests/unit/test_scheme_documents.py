"""The dated tables of documents and notices: whole, consistent, ours told from official."""

import dataclasses
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from portal.cases.documents import document_types, requirements, requirements_for
from portal.cases.notices import (
    LANGUAGES,
    Standing,
    acceptable,
    all_notices,
    not_acceptable,
    notices_for,
    notices_on,
)
from portal.registry.scheme import scheme

TODAY = date(2026, 11, 23)
KINDS = scheme(TODAY).kinds


def codes(kind: str, on: date = TODAY, *, required: bool | None = None) -> list[str]:
    asked = requirements_for(kind, on)
    return [r.document.code for r in asked if required is None or r.required is required]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_kind_of_institution_is_asked_for_something(kind):
    assert codes(kind.code, required=True)
    assert codes(kind.code)[-1] == "other"


def test_the_tables_name_only_kinds_and_documents_that_there_are():
    assert {r.kind for r in requirements()} == {kind.code for kind in KINDS}
    assert {r.document.code for r in requirements()} == set(document_types())


def test_every_row_says_on_what_it_rests_and_that_it_is_a_proposal():
    assert all(r.basis and r.proposal for r in requirements())


def test_documents_have_names_and_hints_in_every_language():
    for document in document_types().values():
        fields = dataclasses.asdict(document)
        said = [fields[f"{what}_{lang}"] for what in ("name", "hint") for lang in LANGUAGES]
        assert all(said)
        assert fields["hint_tc"] != fields["hint_sc"]


def test_alternatives_are_all_required_or_all_optional():
    for kind in KINDS:
        groups: dict[str, set[bool]] = {}
        for need in requirements_for(kind.code, TODAY):
            if need.group:
                groups.setdefault(need.group, set()).add(need.required)
        assert all(len(required) == 1 for required in groups.values())


def test_a_clinic_is_asked_for_its_licence_only_since_licences_can_be_had():
    assert "clinic_licence" not in codes("CLS", date(2025, 10, 12))
    assert "clinic_licence" in codes("CLS", date(2025, 10, 13))
    assert "clinic_licence" in codes("CLS", required=False)


def test_a_home_shows_its_licence_or_its_exemption():
    needs = [r for r in requirements_for("RCHE", TODAY) if r.required]
    assert [r.document.code for r in needs] == ["elderly_home_licence", "elderly_home_exemption"]
    assert {r.group for r in needs} == {"licence"}


def test_a_row_ends_on_the_day_before_until():
    row = dataclasses.replace(requirements()[0], since=date(2026, 1, 1), until=date(2026, 2, 1))
    assert [row.holds(date(2025, 12, 31)), row.holds(date(2026, 1, 1))] == [False, True]
    assert [row.holds(date(2026, 1, 31)), row.holds(date(2026, 2, 1))] == [True, False]


def test_an_unknown_kind_is_asked_for_nothing():
    assert requirements_for("NONE", TODAY) == ()


def test_each_institution_gets_one_of_the_two_sets_of_conditions():
    hospital = [n.key for n in notices_for("private_hospital", TODAY)]
    other = [n.key for n in notices_for("other", TODAY)]
    assert len(hospital) == len(other) == 7
    assert set(hospital) ^ set(other) == {"conditions_private_hospital", "conditions_other"}
    assert {kind.conditions for kind in KINDS} == {"private_hospital", "other"}


def test_there_are_eight_notices_each_with_title_text_source_and_version():
    assert len(notices_on(TODAY)) == 8
    assert len({(n.key, n.version) for n in all_notices()}) == len(all_notices())
    for notice in all_notices():
        assert notice.name_en and notice.name_tc and notice.name_sc
        assert notice.source.startswith("https://www.ehealth.gov.hk/")
        assert date.fromisoformat(notice.version)
        for lang in LANGUAGES:
            assert notice.text(lang).title == getattr(notice, f"name_{lang}")


def test_production_takes_no_sample_and_a_demonstration_does():
    samples = not_acceptable(notices_on(TODAY), production=True)
    assert {n.key for n in samples} == {
        "elsa_licence", "conditions_private_hospital", "conditions_other", "collection_statement",
    }  # fmt: skip
    assert not_acceptable(notices_on(TODAY), production=False) == ()
    official = dataclasses.replace(samples[0], kind=Standing.OFFICIAL)
    assert acceptable(official, production=True)


def test_what_binds_nobody_says_so_itself():
    for notice in all_notices():
        if notice.is_sample:
            assert "binds nobody" in str(notice.text("en").lead)


ROOT = Path(__file__).parents[2]
FOR_PEOPLE = {"basis", "proposal"}
"""What a row rests on and what is only believed: for whoever changes the table."""


def keys_in(table: Path) -> set[str]:
    """The keys of every row, those in three languages once, without the language."""
    content = tomllib.loads(table.read_text(encoding="utf-8"))
    keys = {key for rows in content.values() for row in rows for key in row}
    return {re.sub("_(en|tc|sc)$", "", key) for key in keys} - FOR_PEOPLE


def words_of_the_program() -> set[str]:
    """Attributes and the words in quotation marks, in modules and templates.

    A dataclass's own declaration is neither: a field nobody asks for is not read.
    """
    files = [*ROOT.glob("portal/**/*.py"), *ROOT.glob("templates/**/*.html")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    attributes = re.findall(r"\.([a-z_]+?)(?:_(?:en|tc|sc|\{lang\}))?\b", text)
    return {*attributes, *re.findall(r"""["']([a-z_]+?)(?:_\{lang\})?["']""", text)}


@pytest.mark.parametrize("folder", ["cases", "registry"])
def test_tables_have_no_keys_that_nothing_reads(folder):
    tables = sorted((ROOT / "portal" / folder / "scheme").glob("*.toml"))
    assert tables
    words = words_of_the_program()
    assert {table.name: keys_in(table) - words for table in tables} == {
        table.name: set() for table in tables
    }
