"""The faces papers are printed with."""

from pathlib import Path

import pytest

from portal.infra import fonts
from portal.infra.fonts.faces import SCRIPTS, frequent
from portal.infra.settings import Settings, use_settings

HKSCS = Path(__file__).parents[2].parent / "shared" / "data" / "strings" / "hkscs2004_not_big5.tsv"


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_hong_kongs_own_characters_are_there(lang):
    assert fonts.missing_glyphs("㘭䃟邨埗鰂磡衞𠝹𡃁𤨢。（）é", lang) == ()


@pytest.mark.parametrize("lang", ["tc", "sc"])
def test_the_whole_supplementary_set_is_there(lang):
    if not HKSCS.exists():
        pytest.skip("../shared/data/strings is not beside the checkout")
    lines = HKSCS.read_text("utf-8").splitlines()[1:]
    characters = "".join(chr(int(line.split("\t")[0][2:], 16)) for line in lines)
    assert len(characters) > 4000 and fonts.missing_glyphs(characters, lang) == ()


def test_what_no_font_has_is_named_once():
    assert fonts.missing_glyphs("\ue123a\ue123\U000f0000", "tc") == ("\ue123", "\U000f0000")


def test_marks_that_are_not_drawn_are_not_missed():
    assert fonts.missing_glyphs("a\u200b葛\U000e0100\ufe00", "tc") == ()


def test_frequent_characters_come_first_and_once():
    for script in SCRIPTS:
        listed = frequent(script)
        assert len(listed) == len(set(listed)) > 4000
        assert set("區龍醫院" if script.code == "tc" else "区龙医院") <= set(listed[:200])


def test_a_width_is_that_of_the_face():
    assert fonts.advance("香港", bold=False) == 2.0
    assert fonts.advance("W", bold=True) > fonts.advance("W", bold=False) > 0.8
    assert fonts.advance("i", bold=False) < 0.3


def test_a_machine_without_the_sources_is_told_what_to_install(tmp_path: Path):
    use_settings(Settings(font_sources=tmp_path, font_cache=tmp_path / "cache"))
    try:
        with pytest.raises(fonts.FontsMissing, match="fonts-noto-cjk"):
            fonts.build()
    finally:
        use_settings(None)
