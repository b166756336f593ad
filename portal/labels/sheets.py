"""The papers a label is printed on: where on the page each one lies, and in which design."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.kernel.text import N_

TEMPLATE = "1"
"""Version of the drawing, kept with each label and printed on it."""


@dataclass(frozen=True)
class Sheet:
    """One kind of paper. All lengths are millimetres.

    `across` and `down` count the labels; `pitch` is from one label's corner to the next one's.
    """

    key: str
    name: str
    design: str
    page: tuple[float, float]
    label: tuple[float, float]
    across: int = 1
    down: int = 1
    corner: tuple[float, float] = (0, 0)
    pitch: tuple[float, float] = (0, 0)

    @property
    def places(self) -> int:
        """How many labels one page has room for."""
        return self.across * self.down

    def place(self, number: int) -> tuple[float, float]:
        """The left and upper edge of the label at `number` (from 0, row by row)."""
        row, column = divmod(number % self.places, self.across)
        return (
            round(self.corner[0] + column * self.pitch[0], 2),
            round(self.corner[1] + row * self.pitch[1], 2),
        )

    def pages(self, labels: int, start: int = 1) -> int:
        """How many pages `labels` take when the first lies at position `start` (from 1)."""
        return -(-(labels + start - 1) // self.places)


SHEETS = {
    sheet.key: sheet
    for sheet in (
        Sheet(
            key="a5",
            name=N_("A5, one label a page"),
            design="door",
            page=(148, 210),
            label=(148, 210),
        ),
        Sheet(
            key="a4-2",
            name=N_("A4 sideways, 2 labels of A5 to cut apart"),
            design="door",
            page=(297, 210),
            label=(148.5, 210),
            across=2,
            pitch=(148.5, 0),
        ),
        Sheet(
            key="a4-4",
            name=N_("A4, 4 adhesive labels of 99.1 × 139 mm"),
            design="door",
            page=(210, 297),
            label=(99.1, 139),
            across=2,
            down=2,
            corner=(4.65, 9.5),
            pitch=(101.6, 139),
        ),
        Sheet(
            key="a4-10",
            name=N_("A4, 10 adhesive labels of 99.1 × 57 mm"),
            design="sticker",
            page=(210, 297),
            label=(99.1, 57),
            across=2,
            down=5,
            corner=(4.65, 6),
            pitch=(101.6, 57),
        ),
    )
}
"""The adhesive sheets are those sold everywhere (types L7169 and L7173)."""

SINGLE = SHEETS["a5"]


def slots(sheet: Sheet, labels: int, start: int) -> Iterator[tuple[int, int]]:
    """Page and place on it (both from 0) of each label, the first at position `start` (from 1)."""
    for number in range(start - 1, start - 1 + labels):
        yield divmod(number, sheet.places)
