"""The second factor's secret, its picture, and codes for the day the telephone is lost."""

from dataclasses import dataclass
from datetime import timedelta

import pyotp
import segno

from portal.accounts.models import Person
from portal.infra.small_secrets import NotOurs, fingerprint, seal, unseal
from portal.kernel.identifiers import grouped, new_code, normalise

SECRET = "second factor"
OFFER = "second factor on offer"
OFFER_LASTS = timedelta(hours=1)
ISSUER = "eHealth Portal"
CODES = 10
CODE_LENGTH = 12
"""55 bits and a check character."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret for the person's app, not on record before its first code is proved.

    `sealed` goes through the page and comes back with the code.
    """

    secret: str
    sealed: str
    address: str

    @property
    def picture(self) -> str:
        """The QR code as a data address."""
        return segno.make_qr(self.address, error="m").png_data_uri(scale=5, border=4)

    @property
    def spelt(self) -> list[str]:
        """The secret as people type it, four characters at a time."""
        return [self.secret[i : i + 4] for i in range(0, len(self.secret), 4)]


def new_offer(person_id: int, email: str) -> Offer:
    return _offer(person_id, email, pyotp.random_base32())


def same_offer(person_id: int, email: str, sealed: str) -> Offer:
    """The offer that came back from the page.

    Raises:
        NotOurs: not ours, another person's, or older than an hour.
    """
    said = unseal(OFFER, sealed.encode(), within=OFFER_LASTS).decode()
    whose, _, secret = said.partition(":")
    if whose != str(person_id):
        raise NotOurs
    return _offer(person_id, email, secret)


def _offer(person_id: int, email: str, secret: str) -> Offer:
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    return Offer(secret, seal(OFFER, f"{person_id}:{secret}".encode()).decode(), address)


def closed(secret: str) -> bytes:
    """The secret as it is kept."""
    return seal(SECRET, secret.encode())


def opened(person: Person) -> str:
    """The person's secret."""
    assert person.totp_secret is not None
    return unseal(SECRET, person.totp_secret).decode()


def new_recovery_codes() -> list[str]:
    return [grouped(new_code(CODE_LENGTH)) for _ in range(CODES)]


def code_hash(person_id: int, code: str) -> str:
    return fingerprint("recovery code", f"{person_id}:{normalise(code)}")
