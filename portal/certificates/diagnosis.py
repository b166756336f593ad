"""What keeps a certificate from opening the door, in words: for people, and for our support."""

from dataclasses import dataclass
from datetime import datetime

from portal.certificates.rules import Fault
from portal.kernel.text import N_

ASK_AGAIN = N_("Ask for a new certificate in the portal and install that one.")
OFFICE = N_("Ask the Registration Office, which can tell you why.")


@dataclass(frozen=True, slots=True)
class Words:
    """What is wrong, and what helps, in this order."""

    title: str
    advice: tuple[str, ...]


FAULTS: dict[Fault, Words] = {
    Fault.NONE: Words(
        N_("Your browser showed no certificate"),
        (
            N_("Install the certificate of this service location on this device, as shown below."),
            N_("Close every window of the browser and open it again: it asks for the certificate"
               " only once."),
            N_("When the browser asks which certificate to use, choose the one with your service"
               " location’s number (HSL-…)."),
        ),
    ),
    Fault.WRONG_AUTHORITY: Words(
        N_("This certificate was not issued by us"),
        (
            N_("Your browser chose another certificate of yours. Close every window, open the"
               " browser again and choose the one with your service location’s number (HSL-…)."),
            N_("If there is none to choose, install it as shown below."),
        ),
    ),
    Fault.WRONG_PURPOSE: Words(
        N_("This certificate is not for connecting to us"),
        (
            N_("It was made for another purpose, such as a web server. Choose the one with your"
               " service location’s number (HSL-…)."),
        ),
    ),
    Fault.UNKNOWN: Words(
        N_("We have no record of this certificate"),
        (ASK_AGAIN, N_("Tell our support: copy what stands under “For our support” below.")),
    ),
    Fault.NOT_YET: Words(
        N_("This certificate is not valid yet"),
        (
            N_("Compare the clock of this device with the time below: one that is behind makes a"
               " good certificate look too young."),
            N_("If the clock is right, wait until the certificate begins."),
        ),
    ),
    Fault.EXPIRED: Words(
        N_("This certificate has expired"),
        (
            ASK_AGAIN,
            N_("If a newer one is installed already, close every window of the browser and choose"
               " that one."),
        ),
    ),
    Fault.REVOKED: Words(
        N_("This certificate was revoked"),
        (
            N_("It will never be good again. Remove it from this device."),
            ASK_AGAIN,
        ),
    ),
    Fault.LOCATION_ENDED: Words(
        N_("This service location has left the register"),
        (N_("Its certificate no longer connects. If that is a mistake, tell us."), OFFICE),
    ),
    Fault.INSTITUTION_ENDED: Words(
        N_("This institution has left the register"),
        (N_("Its certificates no longer connect. If that is a mistake, tell us."), OFFICE),
    ),
    Fault.SUSPENDED: Words(
        N_("The registration of this institution is suspended"),
        (
            OFFICE,
            N_("When the suspension is over, ask for new certificates: the present ones stay"
               " revoked."),
        ),
    ),
    Fault.LAPSED: Words(
        N_("The set-up was not completed in time, and the application has lapsed"),
        (N_("Apply again; what you learned the first time will make it quick."),),
    ),
}  # fmt: skip
"""Every fault there is; a test compares them."""

CLOCK_MAY_BE_OFF = 300
"""Seconds by which a device's clock may differ before the page warns of it."""


def diagnosis(
    *, at: datetime, verified: str, serial: str, fault: Fault | None, location: str
) -> str:
    """What our support needs to know, as lines to be copied: always in English, and no secret."""
    return "\n".join(
        (
            f"time: {at.isoformat(timespec='seconds')}",
            f"verified: {verified[:80]}",
            f"certificate: {'…' + serial[-8:] if serial else 'none'}",
            f"location: {location or 'unknown'}",
            f"fault: {fault or 'connected'}",
        )
    )
