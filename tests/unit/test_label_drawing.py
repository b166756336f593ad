"""What is on the paper: every text whole, in its place, readable by people and machines."""

import io
import re
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.infra.pdfs import merged
from portal.infra.printing import CannotPrint, lay_out, write_pdf
from portal.labels.designs import DESIGNS
from portal.labels.drawing import css_of, draw, flaws, page_html, qr_code
from portal.labels.faces import LabelFace, Three
from portal.labels.serials import in_groups, new_serial
from portal.labels.sheets import SHEETS

PX = 96 / 72


def face(**changed: object) -> LabelFace:
    plain = LabelFace(
        serial=new_serial(),
        name=Three("Harbour Family Clinic", "海港家庭醫學診所", "海港家庭医学诊所"),
        address=Three("Shop 3, 1 Kwun Tong Road", "觀塘道1號3號舖", "观塘道1号3号铺"),
        institution=Three("", "", ""),
        number="HSL-KF4-MR7-2TX",
        printed_on=date(2026, 11, 24),
        check_at="https://portal.example.hk",
    )
    return replace(plain, **changed)


HAN = "香港九龍新界觀塘荃灣診所醫院中心康健牙科物理治療㘭䃟𠝹邨埗鰂磡衞"
LONG = face(
    name=Three(("Wonderful Medical Group " * 5)[:100], (HAN * 4)[:100], (HAN[::-1] * 4)[:100]),
    address=Three(("Shop 12, Level 3, 8 Long Road, " * 8)[:200], (HAN * 4)[:90], (HAN * 4)[3:93]),
    institution=Three(("Great Holding Group " * 5)[:100], (HAN * 4)[5:100], (HAN * 4)[7:102]),
)
UNBROKEN = face(name=Three("W" * 100, "電" * 100, "电" * 100))


def words(pdf: bytes, *options: str) -> str:
    done = subprocess.run(
        ["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout.decode()


def packed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=lambda sheet: sheet.key)
@pytest.mark.parametrize("label", [face(), LONG, UNBROKEN], ids=["plain", "long", "unbroken"])
def test_the_text_of_the_pdf_is_the_label_in_three_languages(sheet, label):
    text = packed(words(draw([label], sheet), "-raw"))
    for three in (label.name, label.address):
        for said in (three.en, three.tc, three.sc):
            assert packed(said) in text
    assert packed(in_groups(label.serial)) in text
    for fixed in (
        "醫健通",
        "參與醫護機構",
        "参与医护机构",
        "Scantocheckthislabel",
        "扫描核实此标签",
    ):
        assert fixed in text


def inner(box):
    """The box and all in it; WeasyPrint keeps placed boxes behind a stand-in."""
    box = getattr(box, "_box", box)
    yield box
    for child in getattr(box, "children", ()):
        yield from inner(child)


def boxes(faces: list[LabelFace], sheet, start: int = 1):
    """Per label: the box the texts may fill, and each line of text in it; all in px."""
    from portal.infra.pdfs import stand_in

    images = {f.serial: qr_code(f.url) for f in faces} | {"fixed": stand_in(0)}
    document = lay_out(page_html(faces, sheet, start=start), css=css_of(sheet), lang="en",
                       images=images)  # fmt: skip
    for page in document.pages:
        for box in inner(page._page_box):
            if type(box).__name__ == "BlockBox" and box.element.get("class") == "t":
                yield box, [b for b in inner(box) if type(b).__name__ == "TextBox"]


def assert_inside(faces: list[LabelFace], sheet, start: int = 1) -> None:
    seen = list(boxes(faces, sheet, start))
    assert len(seen) == len(faces)
    for box, lines in seen:
        design = DESIGNS[sheet.design]
        bottom = box.position_y + design.box[3] * design.em(sheet) * PX + 0.5
        right = box.position_x + box.width + 0.5
        for line in lines:
            # A face's own box is higher than any of its letters; their square is what counts.
            middle = line.position_y + line.height / 2
            assert middle + line.style["font_size"] * 0.6 <= bottom, line.text
            assert line.position_x + line.width <= right, line.text


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=lambda sheet: sheet.key)
def test_the_longest_texts_stay_inside_their_box(sheet):
    assert flaws(LONG, sheet) == []
    assert_inside([face(), LONG, UNBROKEN], sheet)


TEXTS = st.text(
    st.sampled_from(HAN + "，。（）、WiIm.-&' abcdefgh ABCDEFGH0123456789éß"),
    min_size=1,
    max_size=100,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(SHEETS.values())), st.lists(TEXTS, min_size=9, max_size=9))
def test_any_texts_stay_inside_their_box(sheet, texts):
    label = face(name=Three(*texts[:3]), address=Three(*texts[3:6]),
                 institution=Three(*texts[6:]))  # fmt: skip
    if not flaws(label, sheet):
        assert_inside([label], sheet)


def test_the_code_is_read_at_the_size_it_is_printed(tmp_path: Path):
    labels = [face() for _ in range(3)]
    document = pypdfium2.PdfDocument(draw(labels, SHEETS["a4-10"], start=2))
    document[0].render(scale=300 / 72).to_pil().save(tmp_path / "page.png")
    document.close()
    read = subprocess.run(["zbarimg", "-q", "--raw", str(tmp_path / "page.png")],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert set(read.stdout.split()) == {label.url for label in labels}


def test_a_character_no_font_has_is_found_and_named():
    (flaw,) = flaws(face(name=Three("x", "海港\ue123診所", "")), SHEETS["a5"])
    assert flaw.characters == ("\ue123",) and not flaw.too_long


def test_a_radical_is_printed_as_the_character_it_looks_like():
    text = words(draw([face(name=Three("", "⼤⽥診所", ""))], SHEETS["a5"]))
    assert "大田診所" in text and not re.search("[⺀-⿕]", text)


def test_marks_that_turn_the_writing_around_are_not_printed():
    text = words(draw([face(name=Three("Clinic \u202elatipsoh", "", ""))], SHEETS["a5"]))
    assert "Clinic latipsoh" in text


def test_only_our_own_small_fonts_are_in_the_file():
    pdf = draw([face()], SHEETS["a5"])
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        named = {str(o.BaseFont) for o in opened.objects
                 if isinstance(o, pikepdf.Dictionary) and "/BaseFont" in o}  # fmt: skip
    assert named and all("+Portal" in name and "Rest" not in name for name in named)
    assert len(pdf) < 80_000


def elements(pdf: pikepdf.Pdf):
    waiting = [pdf.Root.StructTreeRoot.K[0]]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += [kid for kid in element.get("/K", []) if isinstance(kid, pikepdf.Dictionary)]


@pytest.mark.parametrize("parts", [1, 3])
def test_the_pdf_is_tagged_and_says_its_languages(parts):
    sheet = SHEETS["a4-10"]
    pdf = merged([draw([face() for _ in range(12)], sheet) for _ in range(parts)])
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.Root.MarkInfo.Marked and b"pdfuaid" in opened.Root.Metadata.read_bytes()
        found = list(elements(opened))
        assert sum(e.S == "/H1" for e in found) == 12 * parts
        assert {str(e.Lang) for e in found if "/Lang" in e} == {"en", "zh-Hant-HK", "zh-Hans"}
        assert all(str(e.get("/Alt", "")) for e in found if e.S == "/Figure")
        nums = list(opened.Root.StructTreeRoot.ParentTree.Nums)
        tagged = dict(zip(map(int, nums[::2]), nums[1::2], strict=True))
        for page in opened.pages:
            for element in tagged[int(page.obj.StructParents)]:
                assert element.Pg.objgen == page.obj.objgen


@pytest.mark.parametrize("address", ["https://example.org/x.png", "file:///etc/passwd",
                                     "data:image/png;base64,AAAA", "paper:other"])  # fmt: skip
def test_a_paper_loads_nothing_but_what_it_was_given(address):
    with pytest.raises(CannotPrint):
        write_pdf(f"<html><title>x</title><img alt=x src='{address}'></html>", lang="en")


def test_a_missing_library_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    from weasyprint.text import ffi

    from portal.infra import printing

    monkeypatch.setattr(ffi, "harfbuzz_subset", None)
    with pytest.raises(CannotPrint, match="libharfbuzz-subset0"):
        printing.check()
