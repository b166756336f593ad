"""One form for names that look or read alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.folding import TABLE, fold, pairs
from portal.registry.folds import table


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("醫院", "医院"),
        ("衞生署", "衛生署"),
        ("衞生署", "卫生署"),
        ("臺安", "台安"),
        ("山峯", "山峰"),
        ("梁銶琚", "梁𨱇琚"),
        ("坪輋", "坪𪨶"),
        ("ＡＢＣ１２３", "abc123"),
        ("CAFÉ", "cafe"),
        ("豈\uf900", "岂岂"),
    ],
)
def test_what_reads_alike_folds_alike(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("kept", ["邨", "埗", "磡", "㘭", "𠝹"])
def test_what_has_no_other_form_stays(kept):
    assert fold(kept) == kept


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


def test_no_character_folds_to_one_that_folds_on():
    assert not set(map(ord, pairs().values())) & set(pairs())


def test_the_committed_table_is_what_opencc_says():
    assert table() == TABLE.read_text(encoding="utf-8")
