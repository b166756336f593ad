"""Pages against hello-world: a public route of the same app with all its middleware.

The register holds 10,000 made-up institutions; pages and hello-world are asked by wrk in
turns from one gunicorn worker. The results page is also set against the straightforward one
(LIKE, ORM, one template), after the two have found the same places.
"""

import hashlib
import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from flask import Flask
from sqlmodel import Session, SQLModel

from bench.common import end, figure
from bench.peers.pages import numbers
from bench.supplies.applicants import SignedIn, applicant
from bench.supplies.registers import fill
from bench.supplies.served import Rate, Served, gunicorn, rate, size
from portal.factory import create_app
from portal.infra import db
from portal.infra.settings import Settings, use_settings
from portal.registry.queries import rows
from portal.registry.search import Asked, search

INSTITUTIONS = 10_000
LOCATIONS = 500
ROUNDS, SECONDS = 5, 3

QUERIES = (
    *("", "牙科", "中醫診所", "陳", "旺角 中醫", "荃灣大河道", "Chan Dental", "Nathan Road"),
    *("物理治疗中心", "Integrated Medical Tuen Mun"),
)

SAME = (
    "",
    "牙科",
    "中醫診所",
    "陳",
    "旺角 中醫",
    "荃灣大河道",
    "物理治疗中心",
    "Nathan Road",
    "Physio",
)
"""Queries for which parts of words and beginnings of words are the same thing."""


@dataclass(frozen=True)
class Page:
    """What is asked in turn, and the share of hello-world's requests it must reach."""

    name: str
    paths: Sequence[str]
    goal: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: int = SECONDS


HELLO = Page("hello", ["/healthz"])
# So slow that eight at once take seconds.
PLAIN = Page("plain results page", [f"/en/plain/?q={quote(q)}" for q in QUERIES], seconds=12)
RESULTS = Page("results page", [f"/en/register/?q={quote(q)}" for q in QUERIES], goal=0.3)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        use_settings(Settings(portal_home=home))
        app = create_app()
        with app.app_context():
            pages = prepared(app)
            found = measured(pages, home)
    hello = found[HELLO.name]
    against = [page for page in pages if page not in (HELLO, PLAIN)]
    held = [_against(page, found[page.name], HELLO, hello) for page in against]
    held.append(_against(RESULTS, found[RESULTS.name], PLAIN, found[PLAIN.name]))
    end(held)


def prepared(app: Flask) -> list[Page]:
    """Fill the database with what the pages show; the pages to measure, hello-world first."""
    SQLModel.metadata.create_all(db.engine())
    with Session(db.engine()) as session:
        fill(session, INSTITUTIONS)
        session.commit()
        compare(session)
        person = applicant(app, session, LOCATIONS)
    return [HELLO, RESULTS, PLAIN, *_own_pages(person)]


def _own_pages(person: SignedIn) -> list[Page]:
    """A step, the list of 500 locations, the review of all of them, and the status."""
    draft, signed_in = f"/en/apply/{person.draft}", {"Cookie": person.cookie}
    return [
        Page("step page", [f"{draft}/institution"], goal=0.15, headers=signed_in),
        Page("status page", [f"/en/apply/{person.handed_in}/"], goal=0.15, headers=signed_in),
        # 50 of them are shown on a page.
        Page("list of 500 locations", [f"{draft}/locations"], goal=0.04, headers=signed_in),
        # No location may cost more than two requests for hello-world.
        Page(
            "review of 500 locations", [f"{draft}/review"], goal=0.5 / LOCATIONS,
            headers=signed_in, seconds=8,
        ),
    ]  # fmt: skip


def compare(session: Session) -> None:
    """Both results pages find the same places, or no figure means anything."""
    now = datetime.now(UTC)
    for words in SAME:
        records = search(session, Asked(words), start=0, size=10**9, now=now).records
        parts = [records[at : at + 500] for at in range(0, len(records), 500)]
        ours = {row.number for part in parts for row in rows(session, part).values() if row.number}
        assert digest(ours) == digest(numbers(session, words, now)), words


def digest(found: set[str]) -> str:
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def measured(pages: Sequence[Page], home: Path) -> dict[str, list[Rate]]:
    """What every page reached, measured in turns; the first turn warms up."""
    found: dict[str, list[Rate]] = {page.name: [] for page in pages}
    environment = {**os.environ, "PORTAL_HOME": str(home), "LOG_LEVEL": "WARNING"}
    with gunicorn("bench.supplies.pages_app:app", home, environment) as served:
        for turn in range(ROUNDS + 1):
            for page in pages:
                reached = rate(served, page.paths, home, seconds=page.seconds, headers=page.headers)
                if turn:
                    found[page.name].append(reached)
        _sizes(pages, served)
    return found


def _sizes(pages: Sequence[Page], served: Served) -> None:
    """State how much of a page goes over the line, before nginx compresses it."""
    bytes_of = {page.name: size(served, page.paths[0], page.headers) for page in pages}
    for page in pages:
        if page is not HELLO:
            figure(
                "pages", f"{page.name}, bytes", ours=bytes_of[page.name],
                peer=bytes_of[HELLO.name], peer_name=HELLO.name, goal="stated", holds=None,
            )  # fmt: skip


def _against(page: Page, ours: Sequence[Rate], other: Page, theirs: Sequence[Rate]) -> bool:
    """Print the median of the turns' ratios, as neighbours in time share the machine's load.

    The worker's processor time for a request is stated too: it hardly knows of that load.
    """
    per_second = _medians([each.per_second for each in ours], [each.per_second for each in theirs])
    cpu = _medians(
        [each.cpu_milliseconds for each in theirs], [each.cpu_milliseconds for each in ours]
    )
    against_hello = other is HELLO and page.goal is not None
    figure(
        "pages",
        f"{page.name}, CPU ms a request",
        ours=cpu[1],
        peer=cpu[0],
        peer_name=other.name,
        ratio=cpu[2],
        goal="stated",
        holds=None,
    )
    return figure(
        "pages",
        f"{page.name}, requests/s",
        ours=per_second[0],
        peer=per_second[1],
        peer_name=other.name,
        ratio=per_second[2],
        goal=f"at least {page.goal} of it" if against_hello else "stated",
        holds=per_second[2] >= (page.goal or 0) if against_hello else None,
    )


def _medians(ones: Sequence[float], others: Sequence[float]) -> tuple[float, float, float]:
    """The median of either, and of their ratios turn by turn."""
    ratios = [one / other for one, other in zip(ones, others, strict=True)]
    return statistics.median(ones), statistics.median(others), statistics.median(ratios)


if __name__ == "__main__":
    main()
