"""/v/<serial>: anyone checks a label, in three languages on one page, without signing in."""

from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for

from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import public
from portal.infra.i18n import HTML_LANG, hkdate, local, say, speaking
from portal.infra.settings import settings
from portal.infra.web import page, see_other
from portal.kernel.text import N_, Said
from portal.labels.actions import count_check
from portal.labels.models import Label
from portal.labels.queries import label_checked
from portal.labels.rules import Verdict, verdict
from portal.labels.serials import in_groups, read_serial

public_bp = Blueprint("checks", __name__)

NO_SERIAL = "-" * 28
"""Looked for where what was typed cannot be a serial, so that both take as long."""

ANSWERS = {
    Verdict.VALID: (
        N_("This label is genuine and valid today"),
        N_("It belongs to this place. If you are somewhere else, the label is in the wrong place."),
    ),
    Verdict.REPLACED: (
        N_("This label is no longer valid"),
        N_("It was given out for this place and replaced on %(day)s. A newer label counts."),
    ),
    Verdict.NOT_YET: (
        N_("This label is genuine, but not valid today"),
        N_("The registration of this place in eHealth is not effective today."),
    ),
    Verdict.ENDED: (
        N_("This label is no longer valid"),
        N_("This place has left eHealth."),
    ),
    Verdict.UNKNOWN: (
        N_("We did not give out this label"),
        N_("No label has this number. Do not rely on it, and tell us where you saw it."),
    ),
    Verdict.MISTYPED: (
        N_("This is not a label number"),
        N_("Please compare each character with the label. A number has seven groups of four."),
    ),
}
"""The heading and the sentence below it."""

COLOURS = {Verdict.VALID: "yes", Verdict.MISTYPED: "unsure"}


@dataclass(frozen=True, slots=True)
class Told:
    """The answer in one language."""

    lang: str
    title: str
    sentence: str
    name: str
    institution: str
    address: str
    checked: str
    place_label: str
    address_label: str
    serial_label: str
    checked_label: str
    domain: str


@public_bp.get("/v/")
@public
def ask() -> Response:
    """For those who type the number: a field, and the way to its answer."""
    if typed := request.args.get("serial", "").strip():
        return see_other(url_for(".check", serial=(read_serial(typed) or typed[:100])))
    return page("labels/ask.html", asked=_in_three(N_("Check an eHealth label")),
                field=_in_three(N_("Label number")), button=_in_three(N_("Check")))  # fmt: skip


@public_bp.get("/v/<path:serial>")
@public
@commits
def check(serial: str) -> Response:
    """Whether the label is ours, whose, and good today; nothing about any person."""
    read = read_serial(serial)
    label = label_checked(session(), read or NO_SERIAL)
    at = now()
    answer = Verdict.UNKNOWN if read else Verdict.MISTYPED
    if label is not None:
        answer = verdict(label, label.location, label.location.institution, at)
    count_check(session(), label, answer, at)
    response = page(
        "labels/check.html",
        answer=answer,
        mood=COLOURS.get(answer, "no"),
        told=[_told(lang, answer, label) for lang in ("tc", "en", "sc")],
        serial=in_groups(read) if read else "",
        label=label,
        address=settings().address,
    )
    # What is true now need not be true in an hour, and search engines need not know serials.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _told(lang: str, answer: Verdict, label: Label | None) -> Told:
    with speaking(lang):
        title, sentence = ANSWERS[answer]
        day = hkdate(label.voided_at) if label else ""
        place = label.location if label else None
        owner = local(place.institution, "name") if place else ""
        name = local(place, "name") if place else ""
        return Told(
            lang=HTML_LANG[lang],
            title=say(title),
            sentence=say(Said(sentence, day=day) if "%(day)s" in sentence else sentence),
            name=name,
            institution="" if owner in name else owner,
            address=local(place, "address") if place else "",
            checked=hkdate(now()),
            place_label=say(N_("Place")),
            address_label=say(N_("Address")),
            serial_label=say(N_("Label number")),
            checked_label=say(N_("Checked on")),
            domain=say(
                Said(
                    N_("Trust this page only if the address at the top begins with %(address)s/"),
                    address=settings().address,
                )
            ),
        )


def _in_three(msgid: str) -> list[tuple[str, str]]:
    """The words in the three languages, each with its lang."""
    said = []
    for lang in ("tc", "en", "sc"):
        with speaking(lang):
            said.append((HTML_LANG[lang], say(msgid)))
    return said
