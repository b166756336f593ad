"""The table of expectations: what each made file must end as."""

from collections.abc import Callable
from dataclasses import dataclass

from pikepdf import Name, String

from portal.infra.scanning.verdicts import MAX_BYTES, Reason
from tests.uploads import pdfs, pictures

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True)
class Case:
    """A file called `name` must be refused for `reason`, or accepted and kept as `kept_as`."""

    name: str
    made: Callable[[], bytes]
    reason: Reason | None = None
    kept_as: str = ""

    def __str__(self) -> str:
        return f"{self.made.__name__ if self.made.__name__ != '<lambda>' else ''} {self.name}"


def opening(kind: str, **entries: object) -> Callable[[], bytes]:
    action = {"/S": Name(f"/{kind}"), **{f"/{key}": value for key, value in entries.items()}}
    return lambda: pdfs.pdf(pdfs.with_opening(action))


def changed(change: pdfs.Change) -> Callable[[], bytes]:
    return lambda: pdfs.pdf(change)


PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"

ACCEPTED = [
    Case("plain.pdf", pdfs.pdf, kept_as=PDF),
    Case("UPPER.PDF", pdfs.pdf, kept_as=PDF),
    Case("two-hundred.pdf", lambda: pdfs.many_pages(200), kept_as=PDF),
    Case("opens-at.pdf", changed(pdfs.opens_at_second_page), kept_as=PDF),
    Case("opens-at-place.pdf", changed(pdfs.opens_at_a_place), kept_as=PDF),
    Case("named-action.pdf", opening("Named", N=Name.FirstPage), kept_as=PDF),
    Case("link.pdf", changed(pdfs.link_to("https://www.ehealth.gov.hk/")), kept_as=PDF),
    Case("mail-link.pdf", changed(pdfs.link_to("mailto:clinic@example.hk")), kept_as=PDF),
    Case("form.pdf", changed(pdfs.ordinary_form), kept_as=PDF),
    Case("unfinished.pdf", pdfs.unfinished_stream, kept_as=PDF),
    Case("owner-locked.pdf", lambda: pdfs.locked(owner="o", user=""), kept_as=PDF),
    Case("owner-rc4.pdf", lambda: pdfs.locked(owner="o", user="", revision=3), kept_as=PDF),
    Case("no-table.pdf", pdfs.without_table, kept_as=PDF),
    Case("blank-before.pdf", lambda: b"\n" * 900 + pdfs.pdf(), kept_as=PDF),
    Case("words-behind.pdf", lambda: pdfs.pdf() + b"\r\n--boundary--\r\n", kept_as=PDF),
    Case("zeros-behind.pdf", lambda: pdfs.pdf() + bytes(5000), kept_as=PDF),
    Case("nested.pdf", lambda: pdfs.nested(400), kept_as=PDF),
    Case("photo.jpg", pictures.photograph, kept_as=JPEG),
    Case("photo.JPEG", pictures.photograph, kept_as=JPEG),
    Case("grey.jpg", lambda: pictures.as_("JPEG", pictures.drawing(mode="L")), kept_as=JPEG),
    Case("cmyk.jpg", lambda: pictures.as_("JPEG", pictures.drawing(mode="CMYK")), kept_as=JPEG),
    Case("two-in-one.jpg", pictures.multi_picture, kept_as=JPEG),
    Case("film-behind.jpg", lambda: pictures.photograph() + bytes(9000), kept_as=JPEG),
    Case("plain.png", lambda: pictures.as_("PNG"), kept_as=PNG),
    Case("grey16.png", lambda: pictures.as_("PNG", pictures.drawing(mode="I;16")), kept_as=PNG),
    Case("glass.png", lambda: pictures.as_("PNG", pictures.drawing(mode="RGBA")), kept_as=PNG),
    Case("palette.png", lambda: pictures.as_("PNG", pictures.drawing(mode="P")), kept_as=PNG),
    Case("long.png", lambda: pictures.as_("PNG", pictures.drawing((9000, 300))), kept_as=PNG),
    Case("phone.heic", pictures.heic, kept_as=JPEG),
    Case("plain.webp", lambda: pictures.as_("WEBP"), kept_as=JPEG),
    Case("glass.webp", lambda: pictures.as_("WEBP", pictures.drawing(mode="RGBA")), kept_as=JPEG),
    Case("colour.tif", pictures.tiff, kept_as=JPEG),
    Case("with-preview.tif", pictures.tiff_with_preview, kept_as=JPEG),
    Case("fax.tiff", lambda: pictures.tiff(mode="1", compression="group4"), kept_as=PNG),
    Case("grey.tif", lambda: pictures.tiff(mode="L", compression="tiff_lzw"), kept_as=PNG),
    Case("fax3.tif", lambda: pictures.tiff(pages=3, mode="1"), kept_as=PDF),
    Case("colour3.tif", lambda: pictures.tiff(pages=3), kept_as=PDF),
]

REFUSED = [
    Case("empty.pdf", bytes, Reason.EMPTY),
    Case("big.pdf", lambda: bytes(MAX_BYTES + 1), Reason.TOO_BIG),
    Case("no-ending", pdfs.pdf, Reason.WRONG_TYPE),
    Case("letter.docx", pdfs.archive, Reason.WRONG_TYPE),
    Case("film.gif", lambda: pictures.animated("GIF"), Reason.WRONG_TYPE),
    Case("page.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.WRONG_TYPE),
    Case("page.html", lambda: b"<script>1</script>", Reason.WRONG_TYPE),
    Case("double.pdf.exe", pdfs.pdf, Reason.WRONG_TYPE),
    Case("png-inside.jpeg", lambda: pictures.as_("PNG"), Reason.TYPE_MISMATCH),
    Case("pdf-inside.png", pdfs.pdf, Reason.TYPE_MISMATCH),
    Case("jpeg-inside.pdf", pictures.photograph, Reason.TYPE_MISMATCH),
    Case("archive.pdf", pdfs.archive, Reason.BROKEN),
    Case("eicar.pdf", lambda: EICAR, Reason.BROKEN),
    Case("password.pdf", lambda: pdfs.locked(owner="o", user="u"), Reason.ENCRYPTED),
    Case("password3.pdf", lambda: pdfs.locked(owner="o", user="u", revision=3), Reason.ENCRYPTED),
    Case("script.pdf", opening("JavaScript", JS=String("1")), Reason.JAVASCRIPT),
    Case("script-tree.pdf", changed(pdfs.javascript_in_a_name_tree), Reason.JAVASCRIPT),
    Case("script-page.pdf", changed(pdfs.page_script), Reason.JAVASCRIPT),
    Case("script-lost.pdf", changed(pdfs.javascript_nobody_points_to), Reason.JAVASCRIPT),
    Case("script-spelt.pdf", pdfs.escaped_name, Reason.JAVASCRIPT),
    Case("script-next.pdf", opening("Named", Next=pdfs.Dictionary(S=Name.JavaScript)),
         Reason.JAVASCRIPT),
    Case("launch.pdf", opening("Launch", F=String("cmd.exe")), Reason.LAUNCH),
    Case("import.pdf", opening("ImportData", F=String("x.fdf")), Reason.FORM_SUBMIT),
    Case("sends.pdf", changed(pdfs.form_that_sends), Reason.FORM_SUBMIT),
    Case("embedded.pdf", changed(pdfs.attached), Reason.EMBEDDED),
    Case("paperclip.pdf", changed(pdfs.attached_to_the_page), Reason.EMBEDDED),
    Case("goto-embedded.pdf", opening("GoToE"), Reason.EMBEDDED),
    Case("goto-other.pdf", opening("GoToR", F=String("other.pdf")), Reason.EXTERNAL_LINK),
    Case("file-link.pdf", changed(pdfs.link_to("file:///etc/passwd")), Reason.EXTERNAL_LINK),
    Case("script-link.pdf", changed(pdfs.link_to("javascript:alert(1)")), Reason.EXTERNAL_LINK),
    Case("share-link.pdf", changed(pdfs.link_to(r"\\host\share")), Reason.EXTERNAL_LINK),
    Case("xfa.pdf", changed(pdfs.xfa), Reason.XFA),
    Case("film.pdf", changed(pdfs.rich_media), Reason.MULTIMEDIA),
    Case("bomb.pdf", pdfs.bomb, Reason.BOMB),
    Case("bomb2.pdf", pdfs.bomb_in_a_bomb, Reason.BOMB),
    Case("bomb-picture.pdf", pdfs.bomb_as_picture, Reason.BOMB),
    Case("huge-picture.pdf", pdfs.huge_picture, Reason.TOO_MANY_PIXELS),
    Case("countless.pdf", pdfs.countless_objects, Reason.TOO_COMPLEX),
    Case("damaged-stream.pdf", pdfs.damaged_stream, Reason.BROKEN),
    Case("no-pages.pdf", lambda: pdfs.pdf(pages=0), Reason.NO_PAGES),
    Case("201-pages.pdf", lambda: pdfs.many_pages(201), Reason.TOO_MANY_PAGES),
    Case("half.pdf", lambda: pdfs.pdf()[:300], Reason.BROKEN),
    Case("archive-behind.pdf", lambda: pdfs.pdf() + pdfs.archive(), Reason.POLYGLOT),
    Case("archive-inside.pdf", pdfs.archive_inside, Reason.POLYGLOT),
    Case("page-before.pdf", lambda: b"<html><script>1</script>" + pdfs.pdf(), Reason.POLYGLOT),
    Case("page-behind.pdf", lambda: pdfs.pdf() + b"\n<script>1</script>", Reason.POLYGLOT),
    Case("program-before.pdf", lambda: b"MZ" + bytes(60) + pdfs.pdf(), Reason.POLYGLOT),
    Case("much-behind.pdf", lambda: pdfs.pdf() + b"x" * 2000, Reason.POLYGLOT),
    Case("archive-behind.png", lambda: pictures.as_("PNG") + pdfs.archive(), Reason.POLYGLOT),
    Case("archive-behind.jpg", lambda: pictures.photograph() + pdfs.archive(), Reason.POLYGLOT),
    Case("half.jpg", lambda: pictures.photograph()[:3000], Reason.BROKEN),
    Case("half.png", lambda: pictures.as_("PNG")[:-200], Reason.BROKEN),
    Case("half.webp", lambda: pictures.as_("WEBP")[:-200], Reason.BROKEN),
    Case("half.heic", lambda: pictures.heic()[:-1000], Reason.BROKEN),
    Case("half.tif", lambda: pictures.tiff()[:5000], Reason.BROKEN),
    Case("huge.png", lambda: pictures.declared_png(60_000, 60_000), Reason.TOO_MANY_PIXELS),
    Case("lying.png", lambda: pictures.declared_png(600, 600), Reason.BROKEN),
    Case("film.webp", lambda: pictures.animated("WEBP"), Reason.ANIMATED),
    Case("film.png", lambda: pictures.animated("PNG"), Reason.ANIMATED),
]  # fmt: skip

CASES = ACCEPTED + REFUSED
