"""PDFs with one peculiarity each."""

import io
import warnings
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

Change = Callable[[Pdf], None]


def pdf(change: Change = lambda _: None, *, pages: int = 1, **saving: object) -> bytes:
    """A document with a little text on each page, after `change` has been at it."""
    written = io.BytesIO()
    with warnings.catch_warnings(), Pdf.new() as document:
        # The library looks over our shoulder at forms that are wrong on purpose.
        warnings.simplefilter("ignore")
        for _ in range(pages):
            page = document.add_blank_page(page_size=(595, 842))
            page.Contents = Stream(document, b"BT /F1 24 Tf 72 700 Td (A document) Tj ET")
        change(document)
        document.save(written, **saving)
    return written.getvalue()


def with_opening(action: dict[str, object]) -> Change:
    """The action that runs when the document is opened."""

    def change(document: Pdf) -> None:
        document.Root.OpenAction = document.make_indirect(Dictionary(action))

    return change


def javascript_in_a_name_tree(document: Pdf) -> None:
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    document.Root.Names = Dictionary(
        JavaScript=Dictionary(Names=Array([String("x"), document.make_indirect(script)]))
    )


def javascript_nobody_points_to(document: Pdf) -> None:
    document.Root.Unknown = document.make_indirect(
        Dictionary(Deep=Array([Dictionary(S=Name.JavaScript, JS=String("1"))]))
    )


def page_script(document: Pdf) -> None:
    document.pages[0].AA = Dictionary(O=Dictionary(S=Name.JavaScript, JS=String("1")))


def attached(document: Pdf) -> None:
    document.attachments["more.txt"] = b"another file"


def attached_to_the_page(document: Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]))
    document.pages[0].Annots = Array([document.make_indirect(note)])


def form_that_sends(document: Pdf) -> None:
    action = Dictionary(S=Name.SubmitForm, F=String("https://elsewhere.example/"))
    button = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([0, 0, 9, 9]), A=action)
    document.pages[0].Annots = Array([document.make_indirect(button)])


def xfa(document: Pdf) -> None:
    document.Root.AcroForm = Dictionary(XFA=Stream(document, b"<xdp/>"), Fields=Array())


def rich_media(document: Pdf) -> None:
    film = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))
    document.pages[0].Annots = Array([document.make_indirect(film)])


def link_to(address: str) -> Change:
    def change(document: Pdf) -> None:
        action = Dictionary(S=Name.URI, URI=String(address))
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
        document.pages[0].Annots = Array([document.make_indirect(link)])

    return change


def ordinary_form(document: Pdf) -> None:
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("Chan"),
        Rect=Array([50, 50, 200, 70]),
    )  # fmt: skip
    document.pages[0].Annots = Array([document.make_indirect(field)])
    document.Root.AcroForm = Dictionary(Fields=document.pages[0].Annots)


def opens_at_second_page(document: Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.GoTo, D=Array([document.pages[0].obj, Name.Fit]))


def opens_at_a_place(document: Pdf) -> None:
    document.Root.OpenAction = Array([document.pages[0].obj, Name.XYZ, 0, 700, 1])


def packed(raw: bytes, filters: str | list[str], **entries: object) -> Change:
    """A stream with these packed bytes, taken as they are."""

    def change(document: Pdf) -> None:
        stream = Stream(document, raw)
        names = [Name(f"/{f}") for f in ([filters] if isinstance(filters, str) else filters)]
        stream.stream_dict = Dictionary(Filter=Array(names), **entries)
        document.Root.Unknown = document.make_indirect(stream)

    return change


def zeros(megabytes: int) -> bytes:
    """Flate that unpacks to so many megabytes."""
    packing = zlib.compressobj(9)
    piece = bytes(1 << 20)
    parts = [packing.compress(piece) for _ in range(megabytes)]
    return b"".join(parts) + packing.flush()


def bomb(megabytes: int = 1024) -> bytes:
    return pdf(packed(zeros(megabytes), "FlateDecode"), **AS_IS)


def bomb_in_a_bomb() -> bytes:
    """A few hundred bytes that unpack to a packed gigabyte."""
    return pdf(packed(zlib.compress(zeros(1024), 9), ["FlateDecode", "FlateDecode"]), **AS_IS)


def bomb_as_picture() -> bytes:
    """A picture of ten by ten that unpacks to a gigabyte."""
    picture = packed(
        zeros(1024), "FlateDecode", Type=Name.XObject, Subtype=Name.Image, Width=10, Height=10,
        BitsPerComponent=8, ColorSpace=Name.DeviceRGB,
    )  # fmt: skip
    return pdf(picture, **AS_IS)


def huge_picture() -> bytes:
    """A small stream that claims to be forty thousand pixels square."""
    picture = packed(
        zlib.compress(b"x"), "FlateDecode", Type=Name.XObject, Subtype=Name.Image, Width=40_000,
        Height=40_000, BitsPerComponent=8, ColorSpace=Name.DeviceRGB,
    )  # fmt: skip
    return pdf(picture, **AS_IS)


def damaged_stream() -> bytes:
    whole = bytearray(zlib.compress(b"some words of the document" * 400))
    whole[20:60] = bytes(40)
    return pdf(packed(bytes(whole), "FlateDecode"), **AS_IS)


def unfinished_stream() -> bytes:
    """As Acrobat writes appearances: flushed, and never ended."""
    packing = zlib.compressobj()
    raw = packing.compress(b"0 g" * 100) + packing.flush(zlib.Z_SYNC_FLUSH)
    return pdf(packed(raw, "FlateDecode"), **AS_IS)


def escaped_name() -> bytes:
    """/JavaScript and /JS, spelt with escapes."""
    with_script = pdf(with_opening({"/S": Name.JavaScript, "/JS": String("1")}), **PLAIN)
    assert b"/JavaScript" in with_script
    spelt = with_script.replace(b"/JavaScript", b"/J#61v#61Script").replace(b"/JS", b"/#4a#53")
    return spelt


def nested(depth: int) -> bytes:
    head = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/X 3 0 R>>endobj\n"
    tree = b"2 0 obj<</Type/Pages/Count 1/Kids[4 0 R]>>endobj\n"
    page = b"4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    deep = b"3 0 obj" + b"[" * depth + b"]" * depth + b"endobj\n"
    return head + tree + page + deep + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF\n"


def countless_objects() -> bytes:
    head = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    tree = b"2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    page = b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    many = b"".join(b"%d 0 obj 1 endobj\n" % number for number in range(4, 200_010))
    return head + tree + page + many + b"trailer<</Root 1 0 R/Size 200010>>\n%%EOF\n"


def archive() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        made.writestr("run.bat", "echo")
    return written.getvalue()


def archive_inside() -> bytes:
    """An archive in a comment before the end: both a PDF and a ZIP program are content."""
    whole = pdf()
    start = whole.rindex(b"startxref")
    return whole[:start] + archive() + b"\n" + whole[start:]


def locked(*, owner: str, user: str, revision: int = 6) -> bytes:
    may = pikepdf.Permissions(print_lowres=False, print_highres=False, extract=False)
    how = pikepdf.Encryption(
        owner=owner, user=user, R=revision, allow=may, aes=revision > 3, metadata=revision > 3
    )
    return pdf(encryption=how)


def without_table() -> bytes:
    """The list of where its objects are points nowhere."""
    whole = pdf(**PLAIN)
    start = whole.rindex(b"startxref")
    return whole[:start] + b"startxref\n99999\n%%EOF\n"


def many_pages(count: int) -> bytes:
    return pdf(pages=count)


AS_IS = {
    "compress_streams": False,
    "stream_decode_level": pikepdf.StreamDecodeLevel.none,
}
PLAIN = {**AS_IS, "object_stream_mode": pikepdf.ObjectStreamMode.disable}
