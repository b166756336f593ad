"""Applying as a person would: through the pages, step by step."""

import io
import re
import uuid
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from portal.cases.models import Answer, Case
from portal.kernel.identifiers import grouped

SOUND: dict[str, dict[str, Any]] = {
    "institution": {
        "name_en": "Chan & Co Clinics",
        "name_tc": "陳氏診所",
        "phone": "2345 6789",
        "correspondence_address": "1 Nathan Road\nKowloon",
        "scope": "all",
        "authorised_name": "Chan Tai Man",
        "authorised_post": "Director",
        "authorised_phone": "2345 6789",
        "authorised_email": "director@example.org",
        "letters": "en",
    },
    "users": {
        "surname": "Chan",
        "given_names": "Tai Man",
        "roles": ["user_administrator", "healthcare_professional"],
        "profession": "doctor",
        "registration_number": "M12345",
        "email": "tm@example.org",
    },
    "locations": {
        "name_en": "Chan Clinic",
        "name_tc": "陳氏診所深水埗分店",
        "address_en": "G/F, 1 Tai Po Road, Sham Shui Po, Kowloon",
        "address_tc": "九龍深水埗大埔道1號地下",
        "district": "ssp",
        "phone": "2345 6789",
        "registers_patients": "yes",
        "wants_reader": "no",
        "contact_name": "Chan",
        "contact_phone": "2345 6789",
    },
}

ONE_PAGE_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    b"0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
"""The smallest sound PDF there is."""


def soundly(step: str) -> dict[str, Any]:
    """Sound answers to a step, to be changed freely."""
    return dict(SOUND[step])


class Applicant:
    """A signed-in applicant with one application at a time."""

    def __init__(self, client: FlaskClient, lang: str = "en") -> None:
        self.client = client
        self.lang = lang
        self.reference = ""
        self.revisions: dict[str, int] = {}

    @property
    def path(self) -> str:
        return f"/{self.lang}/apply/{self.reference}"

    @property
    def shown_reference(self) -> str:
        return grouped(self.reference)

    def begin(self, kind: str) -> "Applicant":
        self.client.get(f"/{self.lang}/apply/before?kind={kind}")
        answer = self.client.post(f"/{self.lang}/apply/new", data={"kind": kind})
        assert answer.status_code == 303, answer.text
        self.reference = answer.location.split("/")[3]
        self.revisions = {}
        return self

    def fill(self, leave_out: str = "") -> "Applicant":
        """Answer everything soundly, but for one section."""
        steps = {
            "notices": self.acknowledge,
            "institution": lambda: self.save("institution", soundly("institution")),
            "users": lambda: self.add("users", soundly("users")),
            "locations": lambda: self.add("locations", soundly("locations")),
            "documents": self.upload_all,
        }
        for name, do in steps.items():
            if name != leave_out:
                do()
        return self

    def acknowledge(self) -> TestResponse:
        page = self.client.get(f"{self.path}/notices").text
        keys = re.findall(r'name="notice"[^>]*value="([^"]+)"', page)
        assert keys
        return self.client.post(f"{self.path}/notices", data={"notice": keys})

    def save(
        self, step: str, answers: Mapping[str, Any], revision: int | None = -1
    ) -> TestResponse:
        """Save a step; the revision is the page's own unless the answers bring one (None)."""
        form = dict(answers)
        if revision is not None:
            page = self.client.get(f"{self.path}/{step}").text
            found = re.search(r'name="revision" value="(\d+)"', page)
            form["revision"] = found[1] if found else "0"
        return self.client.post(f"{self.path}/{step}", data=form)

    def add(self, step: str, answers: Mapping[str, Any]) -> str:
        """Add a row and return its name."""
        page = self.client.get(f"{self.path}/{step}/new").text
        row = re.search(rf"/{step}/([0-9a-f]{{32}})", page)
        assert row
        answer = self.client.post(f"{self.path}/{step}/{row[1]}", data={"revision": "0", **answers})
        assert answer.status_code == 303, answer.text
        return row[1]

    def upload_all(self) -> None:
        page = self.client.get(f"{self.path}/documents").text
        for document_type in re.findall(r'id="file-([a-z0-9_]+)"', page):
            answer = self.upload(document_type, f"{document_type}.pdf", ONE_PAGE_PDF)
            assert answer.status_code == 303, answer.text

    def upload(self, document_type: str, name: str, content: bytes) -> TestResponse:
        return self.client.post(
            f"{self.path}/documents/{document_type}",
            data={"csrf_token": self.client.token, "file": (io.BytesIO(content), name)},
            content_type="multipart/form-data",
        )

    def submit(self) -> TestResponse:
        answer = self.client.post(f"{self.path}/submit", data={"declaration": "yes"})
        assert answer.status_code == 303, answer.text
        return answer

    def stored(self, db: Session) -> Case:
        """The case as it is on record now."""
        db.rollback()
        return db.exec(select(Case).where(Case.reference == self.reference)).one()


def with_rows(db: Session, case: Case, step: str, count: int) -> None:
    """Bring a step to `count` rows by copying its first, each with a number behind its name."""
    db.rollback()
    first = db.exec(select(Answer).where(Answer.case_id == case.id, Answer.step == step)).first()
    assert first is not None
    given = first.model_dump(exclude={"id", "row", "position", "answers"})
    name = "surname" if step == "users" else "name_en"
    db.add_all(
        Answer(
            **given, row=uuid.uuid4().hex, position=number,
            answers={**first.answers, name: f"{first.answers[name]} {number}"},
        )
        for number in range(2, count + 1)
    )  # fmt: skip
    db.commit()
