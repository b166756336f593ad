"""Work on finished PDFs: repeated parts drawn once, tagged files joined without losing tags."""

import io
from collections.abc import Iterable, Iterator
from typing import cast

import pikepdf
from pikepdf import Array, OutlineItem
from PIL import Image

SIGN = 7
"""Width in pixels of a stand-in; its height tells which form it stands for."""


def stand_in(place: int) -> bytes:
    """A tiny picture WeasyPrint draws where `with_forms` then puts the form at `place`."""
    drawn = io.BytesIO()
    Image.new("L", (SIGN, 100 + place), 255).save(drawn, "png")
    return drawn.getvalue()


def with_forms(document: bytes, forms: list[bytes]) -> bytes:
    """`document` with each stand-in replaced by its form, a PDF of one page.

    The form comes inside the marked content that held the picture, so the tag that WeasyPrint
    wrote for the picture now tags the form as a whole.
    """
    with pikepdf.open(io.BytesIO(document)) as pdf:
        drawn = [_as_image(pdf, form) for form in forms]
        for page in pdf.pages:
            for name, image in dict(page.Resources.get("/XObject", {})).items():
                place = int(image.get("/Height", 0)) - 100
                if image.get("/Width") == SIGN and 0 <= place < len(drawn):
                    page.Resources.XObject[name] = drawn[place]
        return _saved(pdf)


def _as_image(pdf: pikepdf.Pdf, form: bytes) -> pikepdf.Object:
    """The page of `form` as a form that fills the unit square, as a picture does."""
    with pikepdf.open(io.BytesIO(form)) as source:
        drawn = pdf.copy_foreign(source.pages[0].as_form_xobject())
        width, height = (float(edge) for edge in list(drawn.BBox)[2:])
    drawn.Matrix = Array([1 / width, 0, 0, 1 / height, 0, 0])
    return drawn


def _saved(pdf: pikepdf.Pdf) -> bytes:
    written = io.BytesIO()
    pdf.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


def merged(parts: Iterable[bytes]) -> bytes:
    """Several tagged PDFs as one: pages in order, one tree of tags and one outline over all.

    Plain merging keeps the first file's tags and leaves the other pages without.
    """
    sources = [pikepdf.open(io.BytesIO(part)) for part in parts]
    whole = sources[0]
    for source in sources[1:]:
        _append(whole, source)
    return _saved(whole)


def _append(whole: pikepdf.Pdf, source: pikepdf.Pdf) -> None:
    before = len(whole.pages)
    # Pages first: the tags copied afterwards then point to these pages, not to copies.
    whole.pages.extend(source.pages)
    ours, theirs = whole.Root.StructTreeRoot, source.Root.StructTreeRoot
    top = ours.K[0]
    for element in theirs.K[0].K:
        # Else the whole foreign tree would come along as its child's parent.
        del element.P
        copied = whole.copy_foreign(element)
        copied.P = top
        top.K.append(copied)
    taken = list(ours.ParentTree.Nums)
    offset = int(taken[-2]) + 1
    for number, elements in _numbered(theirs.ParentTree.Nums):
        ours.ParentTree.Nums.append(number + offset)
        ours.ParentTree.Nums.append(_copied(whole, elements))
    _renumber(list(whole.pages)[before:], offset)
    _outline(whole, source, before)


def _outline(whole: pikepdf.Pdf, source: pikepdf.Pdf, before: int) -> None:
    """Headings of `source` below those of `whole`, whose first `before` pages are others'."""
    places = {page.obj.objgen: number for number, page in enumerate(source.pages, before)}
    with source.open_outline() as theirs, whole.open_outline() as ours:
        ours.root.extend(_moved(item, places) for item in theirs.root)


def _moved(item: OutlineItem, places: dict[tuple[int, int], int]) -> OutlineItem:
    page, _kind, left, top, *_ = cast(Array, item.destination)
    moved = OutlineItem(item.title, places[page.objgen], "XYZ", left=float(left), top=float(top))
    moved.children.extend(_moved(child, places) for child in item.children)
    return moved


def _numbered(nums: pikepdf.Object) -> Iterator[tuple[int, pikepdf.Object]]:
    flat = list(nums)
    yield from ((int(flat[at]), flat[at + 1]) for at in range(0, len(flat), 2))


def _copied(whole: pikepdf.Pdf, elements: pikepdf.Object) -> pikepdf.Object:
    """One element of a link, or those of a page in the order of their marks."""
    if isinstance(elements, pikepdf.Array):
        return Array([whole.copy_foreign(element) for element in elements])
    return whole.copy_foreign(elements)


def _renumber(pages: list[pikepdf.Page], offset: int) -> None:
    """Pages and links find their tags by a number, which must differ over the whole file."""
    for page in pages:
        page.obj.StructParents = int(page.obj.StructParents) + offset
        for note in page.obj.get("/Annots", []):
            if "/StructParent" in note:
                note.StructParent = int(note.StructParent) + offset
