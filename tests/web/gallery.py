"""A small app that draws every macro in every state: for tests alone, never served to people."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, current_app, render_template, request
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from portal.forms.fields import (
    ChoiceField,
    CodeField,
    DateField,
    EmailField,
    HiddenField,
    LongTextField,
    ManyChoicesField,
    NumberField,
    PasswordField,
    PhoneField,
    StepForm,
    TextField,
    TickField,
    YesNoField,
    shown_in,
    when,
)
from portal.infra import frame, i18n, ui
from portal.kernel.problems import Problem

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Everything(StepForm):
    """A question of each kind, some opening below others."""

    name_en = TextField("Name in English", public=True, speaks="en", autocomplete="organization")
    name_tc = TextField(
        "中文名稱", optional=True, speaks="zh-Hant-HK", hint="按商業登記證所載填寫。"
    )
    kind = ChoiceField(
        "Kind of institution",
        choices=(
            ("PH", "Private hospital", "Licensed under Cap. 633"),
            ("CL", "Clinic"),
            ("OTH", "Other"),
        ),
    )
    licence = CodeField("Hospital licence number", asked=when("kind", "PH"), width="10")
    partners = NumberField("Number of partners", asked=when("kind", "CL", "OTH"))
    district = ChoiceField(
        "District", select=True, choices=(("wc", "Wan Chai"), ("st", "Sha Tin")), public=True
    )
    phone = PhoneField("Telephone", public=True)
    email = EmailField("E-mail", personal=True)
    patients = YesNoField("Are patients registered here?")
    services = ManyChoicesField(
        "Services", choices=(("gp", "General practice"), ("dental", "Dentistry"), ("cm", "中醫"))
    )
    opened = DateField("Opened on", hint="For example, 27 3 2019")
    story = LongTextField("Anything else we should know", optional=True, max_length=400)
    passphrase = PasswordField("Passphrase")
    true = TickField("I declare that the particulars are true")
    token = HiddenField()


FILLED = {
    "name_en": "A Very Long Example Name of a Healthcare Institution in Hong Kong Limited",
    "name_tc": "港島東醫療中心",
    "kind": "CL",
    "partners": 3,
    "district": "st",
    "phone": "23456789",
    "email": "ann@example.org",
    "patients": True,
    "services": ["gp", "cm"],
    "opened": "2019-03-27",
    "story": "First line\nsecond line",
    "true": True,
}


def gallery_app() -> Flask:
    """The pages' frame and macros without any slice."""
    app = Flask("gallery", root_path=str(ROOT), static_folder="static")
    app.config.update(SECRET_KEY="gallery", TESTING=True)
    app.jinja_loader = ChoiceLoader(  # type: ignore[assignment]
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(HERE / "gallery")]
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    CSRFProtect(app)
    i18n.init_app(app)
    ui.init_app(app)
    frame.init_app(app)
    app.context_processor(shared)
    app.extensions["received"] = []
    app.add_url_rule("/<lang:lang>/", "show", lambda: render_template("gallery.html", **parts()))
    app.add_url_rule("/<lang:lang>/form", "form", form_page)
    app.add_url_rule("/<lang:lang>/out", "accounts.sign_out", form_page, methods=["POST"])
    app.add_url_rule("/<lang:lang>/error/<code>", "error", error_page)
    app.add_url_rule("/<lang:lang>/part", "part", part, methods=["GET", "POST"])
    app.add_url_rule("/<lang:lang>/upload", "upload", take_file, methods=["POST"])
    app.add_url_rule("/<lang:lang>/documents", "documents", documents)
    return app


def shared() -> dict[str, object]:
    return {
        "who": SimpleNamespace(id=1, name="Chan Siu Ming"),
        "nav": [
            ui.Link("Find a provider", "/en/register"),
            ui.Link("My applications", request.path),
            ui.Link("Queue", "/en/staff", 12),
        ],
        "demonstration": True,
        "today": datetime(2026, 3, 3, 4, tzinfo=UTC),
    }


def parts() -> dict[str, object]:
    return {"shown_rows": shown_in(Everything(answers=FILLED)), "events": list(events())}


def events() -> Iterator[dict[str, object]]:
    yield {
        "title": "Submitted",
        "at": datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
        "by": "Chan Siu Ming",
    }
    yield {"title": "Accepted", "at": datetime(2026, 3, 2, 9, tzinfo=UTC), "text": "All in order."}
    yield {"title": "Effective", "at": date(2026, 3, 16), "coming": True}


def form_page() -> str:
    state = request.args.get("state", "")
    form = Everything(answers=FILLED if state == "filled" else {})
    if state == "wrong":
        form.sound()
        form.blame([*form.found, Problem("opened", "“Opened on” must include a month")])
    return render_template("gallery-form.html", form=form, problems=form.found)


def error_page(code: str) -> str:
    refused = SimpleNamespace(message="It has been submitted before", problems=[Problem("", "So")])
    kept = [("name", 'a "quoted" <name>'), ("many", "1"), ("many", "2")]
    return render_template(f"errors/{code}.html", refused=refused, kept=kept, action="/en/form")


def part() -> tuple[str, int]:
    """A form that htmx sends and puts in its place again, or an error of the server's."""
    if request.form.get("story") == "break":
        return render_template("errors/500.html"), 500
    form = Everything(request.form if request.method == "POST" else None)
    status = 200 if request.method == "GET" or form.sound() else 422
    page = "gallery-part.html"
    return render_template(page, form=form, problems=form.found), status


def take_file() -> tuple[str, int]:
    file = request.files["file"]
    if file.filename and file.filename.endswith(".exe"):
        problem = Problem("file", "This kind of file is not accepted")
        return render_template("gallery-form.html", form=Everything(), problems=[problem]), 422
    current_app.extensions["received"].append(file.filename)
    return "", 204


def documents() -> str:
    rows = "".join(f"<li>{name}</li>" for name in current_app.extensions["received"])
    return f'<ul id="documents">{rows}</ul>'
