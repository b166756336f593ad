"""Five real institutions of several locations each, as an applicant would type them.

Names and addresses: Hospital Authority, from data.gov.hk, free re-use with attribution. The
people, and the telephone of each place (the Authority's own enquiry line), are made up for tests.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.applying import ONE_PAGE_PDF

SOURCE = Path(__file__).parents[3] / "portal" / "registry" / "demonstration"
PHONE = "2300 6555"
# Cluster, language of its applicant, locations that take part.
FIVE = (
    ("hong-kong-east-cluster", "en", 4),
    ("hong-kong-west-cluster", "tc", 2),
    ("kowloon-central-cluster", "sc", 2),
    ("kowloon-east-cluster", "tc", 2),
    ("new-territories-west-cluster", "sc", 2),
)


@dataclass(frozen=True)
class Facilities:
    """An institution with some of its places, and the person who applies for it."""

    key: str
    lang: str
    own: dict[str, Any]
    places: tuple[dict[str, Any], ...]

    @property
    def email(self) -> str:
        return f"{self.key}@applicants.example.org"

    def institution(self) -> dict[str, Any]:
        return {
            "name_en": self.own["name_en"],
            "name_tc": self.own["name_tc"],
            "name_sc": self.own["name_sc"],
            "phone": PHONE,
            "correspondence_address": "147B Argyle Street, Kowloon",
            "scope": "some",
            "authorised_name": "Chan Tai Man",
            "authorised_post": "Cluster Chief Executive",
            "authorised_phone": PHONE,
            "authorised_email": self.email,
            "letters": self.lang,
        }

    def user(self) -> dict[str, Any]:
        return {
            "surname": "Chan",
            "given_names": "Tai Man",
            "name_zh": "陳大文",
            "roles": ["user_administrator", "healthcare_professional"],
            "profession": "doctor",
            "registration_number": "M12345",
            "email": self.email,
        }

    def location(self, place: dict[str, Any]) -> dict[str, Any]:
        named = ("name_en", "name_tc", "name_sc", "address_en", "address_tc", "address_sc")
        return {
            **{key: place[key] for key in named},
            "district": place["district"],
            "phone": PHONE,
            "registers_patients": "yes",
            "wants_reader": "no",
            "contact_name": "Lee Siu Ming",
            "contact_phone": PHONE,
        }


def facilities(key: str, lang: str, places: int) -> Facilities:
    known = json.loads((SOURCE / "hospital_authority.json").read_text())["institutions"]
    [own] = [each for each in known if each["id"] == key]
    return Facilities(key, lang, own, tuple(own["locations"][:places]))


def papers(folder: Path) -> list[Path]:
    """A letter as PDF, and a photograph of another as JPEG."""
    letter, photograph = folder / "letter.pdf", folder / "photograph.jpg"
    letter.write_bytes(ONE_PAGE_PDF)
    Image.new("RGB", (600, 800), "#e8e0d0").save(photograph, quality=80)
    return [letter, photograph]
