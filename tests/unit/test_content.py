"""The words of the portal: alike in three languages, in Hong Kong wording, safe as HTML."""

import re
from pathlib import Path

import pytest
from markupsafe import Markup
from opencc import OpenCC

from portal.cases.notices import all_notices
from portal.guidance.content import FOLDER, LANGUAGES, reading_pages
from portal.kernel.prose import Prose, linked, parse

TEXTS = {f"page:{key}": sheet.text for key, sheet in reading_pages().items()} | {
    f"notice:{notice.text_file}": notice.text for notice in all_notices()
}
CHINESE = "\u3400-\u9fff"
# Words of Mainland pages that Hong Kong's do not use.
NOT_HERE = {
    "tc": ["上傳", "提交", "郵箱", "登錄", "賬戶", "賬號", "信息", "默認", "視頻", "手機號"],
    "sc": [
        "上传",
        "提交",
        "邮箱",
        "登录",
        "账户",
        "账号",
        "信息",
        "默认",
        "视频",
        "短信",
        "手机号",
    ],
}


def words(prose: Prose) -> str:
    """Everything a reader reads, without tags and addresses."""
    bodies = [prose.title, prose.lead, *(f"{s.title}\n{s.body}" for s in prose.every_section())]
    return re.sub(r"<[^>]+>", "", "\n".join(bodies))


def shape(prose: Prose) -> list[tuple[str, list[str], int, int, int]]:
    """Per section: anchor, where links lead, and how many entries, paragraphs and bold words."""
    parts = [("", prose.lead), *((s.anchor, s.body) for s in prose.every_section())]
    return [
        (anchor, sorted(re.findall(r'href="([^"]+)"', body)), body.count("<li>"),
         body.count("<p>"), body.count("<strong>"))
        for anchor, body in parts
    ]  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_has_the_same_sections_links_and_lists_in_every_language(name):
    english = shape(TEXTS[name]("en"))
    assert shape(TEXTS[name]("tc")) == english
    assert shape(TEXTS[name]("sc")) == english


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_text_is_not_empty_and_its_anchors_are_its_own(name, lang):
    prose = TEXTS[name](lang)
    anchors = [s.anchor for s in prose.every_section()]
    assert anchors and len(set(anchors)) == len(anchors)
    assert prose.lead
    assert all(s.body or s.parts for s in prose.sections)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("lang", ["tc", "sc"])
def test_chinese_has_full_width_punctuation_and_hong_kong_words(name, lang):
    text = words(TEXTS[name](lang))
    assert re.findall(rf"[{CHINESE}][,;:?!()]|[,;:?!()][{CHINESE}]", text) == []
    assert [word for word in NOT_HERE[lang] if word in text] == []


@pytest.mark.parametrize("name", TEXTS)
def test_each_chinese_text_is_in_its_own_script(name):
    # 谘 is what official Simplified pages write in the office's name; OpenCC would change it.
    simplified = words(TEXTS[name]("sc")).replace("谘", "")
    assert OpenCC("t2s").convert(simplified) == simplified
    traditional = words(TEXTS[name]("tc"))
    assert not re.search("[们这为么两关应务还进]", traditional)
    assert "衛" not in traditional, "the Government writes 衞"


@pytest.mark.parametrize("name", TEXTS)
def test_english_text_marks_passages_in_chinese(name):
    prose = TEXTS[name]("en")
    for body in (prose.lead, *(s.body for s in prose.every_section())):
        unmarked = re.sub(r'<span lang="zh-[^"]+">.*?</span>', "", body)
        assert not re.search(rf"[{CHINESE}]", unmarked)


def test_every_file_of_words_belongs_to_a_page_in_every_language():
    for lang in LANGUAGES:
        assert {p.stem for p in (FOLDER / lang).glob("*.md")} == set(reading_pages())


def test_pages_are_dated_and_sources_have_names_in_every_language():
    for sheet in reading_pages().values():
        assert sheet.reviewed.year >= 2026
        for source in sheet.sources:
            assert source.name_en and source.name_tc and source.name_sc
            assert source.address_in("tc").startswith("https://")
            assert "{" not in source.address_in("sc")


def test_no_two_texts_are_the_same():
    files = [Path(p) for p in FOLDER.rglob("*.md")]
    assert len({p.read_text(encoding="utf-8") for p in files}) == len(files)


def test_html_in_a_text_is_shown_and_not_let_through():
    prose = parse("# T\n\nA <script>x</script> [b](javascript:alert)\n\n## S {#s}\n\n<b>c</b>")
    assert "<script" not in prose.lead and "&lt;script&gt;" in prose.lead
    assert "href" not in prose.lead
    assert prose.section("s").body == Markup("<p>&lt;b&gt;c&lt;/b&gt;</p>")


def test_passages_in_another_language_become_spans_and_links_stay_links():
    prose = parse("# T\n\n[醫健通](lang:zh-Hant-HK) and [here](https://example.org)\n")
    assert '<span lang="zh-Hant-HK">醫健通</span>' in prose.lead
    assert '<a href="https://example.org">here</a>' in prose.lead


def test_own_links_are_made_by_endpoint_with_their_anchor():
    body = parse("# T\n\n[a](to:guidance.home#b)\n").lead
    assert 'href="/&lt;x&gt;/guidance.home#b"' in linked(body, lambda name: f"/<x>/{name}")


@pytest.mark.parametrize(
    "text", ["no title", "# T\n\n## no anchor\n", "# T\n\n### part {#p}\n\nbefore its section"]
)
def test_a_text_out_of_shape_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)
