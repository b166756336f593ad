"""The examination of files: each kind accepted or refused for its own reason, in a child."""

import csv
import io
import statistics
import time
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from portal.infra.scanning.gate import examine
from portal.infra.scanning.types import ENDINGS, STORED_ENDINGS
from portal.infra.scanning.verdicts import SENTENCES, Reason
from tests.uploads import pdfs, pictures
from tests.uploads.cases import ACCEPTED, CASES, REFUSED, Case

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "uploads"

# What was decided for the files on which the manifest leaves it open: docs/decisions/0012-files.md.
DECIDED = {
    "ok_leading_junk_900.pdf": "accept",
    "enc_owner_only.pdf": "accept",
    "bad_no_xref.pdf": "accept",
    "bad_bitflip.pdf": "reject",
    "ok_2page.tif": "accept",
    "ok_fax_g4.tif": "accept",
    "ok_phone.heic": "accept",
    "ok_photo.webp": "accept",
    "ok_animated.gif": "reject",
}


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_harmless_files_are_accepted(case: Case) -> None:
    content = case.made()
    verdict = examine(content, case.name)
    assert (verdict.reason, verdict.media_type) == (None, case.kept_as)
    with Image.open(io.BytesIO(verdict.thumbnail)) as small:
        assert small.format == "WEBP"
        assert 100 < max(small.size) <= 320
    kept = verdict.kept or content
    again = examine(kept, "kept" + STORED_ENDINGS[verdict.media_type])
    assert again.accepted, "what is kept must pass the examination itself"


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_others_are_refused_for_their_own_reason(case: Case) -> None:
    verdict = examine(case.made(), case.name)
    assert verdict.reason == case.reason
    assert verdict.kept is None
    assert not verdict.thumbnail


def test_every_reason_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(Reason)
    assert len(set(SENTENCES.values())) == len(Reason)
    elsewhere = {Reason.VIRUS, Reason.UNREADABLE}
    assert {case.reason for case in REFUSED} == set(Reason) - elsewhere


def manifest() -> list[dict[str, str]]:
    if not SHARED.exists():
        return [{"file": "none", "expect": "reject"}]
    with (SHARED / "manifest.csv").open() as rows:
        return list(csv.DictReader(rows))


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/uploads is not beside the checkout")
@pytest.mark.parametrize("row", manifest(), ids=lambda row: row["file"])
def test_shared_files_end_as_their_manifest_says(row: dict[str, str]) -> None:
    expected = row["expect"] if row["expect"] in {"accept", "reject"} else DECIDED[row["file"]]
    verdict = examine((SHARED / row["file"]).read_bytes(), row["file"])
    assert verdict.accepted == (expected == "accept"), verdict.reason
    assert verdict.reason is not Reason.UNREADABLE


@pytest.mark.parametrize("name", ["photo.jpg", "phone.heic"])
def test_where_and_with_what_a_picture_was_taken_is_not_kept(name: str) -> None:
    content = pictures.photograph() if name.endswith("jpg") else pictures.heic()
    assert b"A telephone" in content
    kept = examine(content, name).kept
    assert kept is not None
    assert not [word for word in (*pictures.GPS_WORDS, b"A telephone") if word in kept]
    with Image.open(io.BytesIO(kept)) as picture:
        assert not picture.getexif()


def test_a_picture_is_kept_upright() -> None:
    kept = examine(pictures.photograph(orientation=6), "photo.jpg").kept
    with Image.open(io.BytesIO(kept or b"")) as picture:
        assert picture.size == (400, 600)
        red, green, _ = picture.getpixel((380, 30))
        assert red > 150 > green, "the chop of the upper left corner is now in the upper right"


def test_words_hidden_in_a_png_are_not_kept() -> None:
    told = pictures.exif()
    content = pictures.as_("PNG", exif=told)
    assert b"A telephone" in content
    assert b"A telephone" not in (examine(content, "a.png").kept or b"A telephone")


def test_a_palette_keeps_what_is_see_through() -> None:
    picture = pictures.drawing(mode="P")
    content = pictures.as_("PNG", picture, transparency=picture.getpixel((300, 5)))
    with Image.open(io.BytesIO(examine(content, "a.png").kept or b"")) as kept:
        assert kept.convert("RGBA").getpixel((300, 5))[3] == 0


def test_a_fax_stays_sharp() -> None:
    original = pictures.drawing((400, 560), "1")
    kept = examine(pictures.as_("TIFF", original, compression="group4"), "a.tif").kept
    with Image.open(io.BytesIO(kept or b"")) as picture:
        assert picture.tobytes() == original.tobytes()


def test_all_pages_of_a_scan_are_kept() -> None:
    kept = examine(pictures.tiff(pages=3, mode="1"), "a.tif").kept
    with pikepdf.open(io.BytesIO(kept or b"")) as document:
        assert len(document.pages) == 3


def test_a_signed_or_plain_pdf_is_kept_byte_for_byte() -> None:
    for content in (pdfs.pdf(), pdfs.pdf() + b"\r\n\r\n"):
        assert examine(content, "a.pdf").kept is None


def test_a_locked_pdf_is_kept_unlocked_and_a_repaired_one_repaired() -> None:
    for content in (pdfs.locked(owner="o", user=""), pdfs.without_table()):
        kept = examine(content, "a.pdf").kept
        with pikepdf.open(io.BytesIO(kept or b""), attempt_recovery=False) as document:
            assert not document.is_encrypted
            assert len(document.pages) == 1


def test_what_stands_around_a_pdf_is_not_kept() -> None:
    whole = pdfs.pdf()
    for content in (b"\n" * 900 + whole, whole.rstrip() + b"\r\n--boundary--\r\n"):
        assert (examine(content, "a.pdf").kept or b"").strip() == whole.strip()


def test_a_picture_too_long_is_drawn_smaller() -> None:
    kept = examine(pictures.as_("PNG", pictures.drawing((9000, 300))), "a.png").kept
    with Image.open(io.BytesIO(kept or b"")) as picture:
        assert picture.size == (6000, 200)


def test_most_files_are_examined_within_four_seconds() -> None:
    """Half of what the gate gives a child (SECONDS): what takes longer would fail on a busy day."""
    spent = []
    for case in (c for c in CASES if c.name in {"plain.pdf", "photo.jpg", "plain.png", "fax.tiff"}):
        content, began = case.made(), time.perf_counter()
        examine(content, case.name)
        spent.append(time.perf_counter() - began)
    assert statistics.median(spent) < 4


def test_endings_and_kinds_agree() -> None:
    assert set(STORED_ENDINGS) < set(ENDINGS.values())
