"""Commands for members of staff."""

import json
from collections.abc import Mapping, Sequence

import click
from email_validator import EmailNotValidError, validate_email

from portal.accounts.actions import own, staffing
from portal.accounts.actions.sessions import id_of
from portal.accounts.queries import people_with_roles, person_with_email
from portal.accounts.rules import STAFF, Role
from portal.infra.clock import real_now
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.infra.i18n import LANGS
from portal.kernel.problems import NotHere

OPERATOR = "operator"
"""Who did it, in the audit: somebody with a shell on the server."""


def address(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """A sound e-mail address, or wrong usage."""
    try:
        return validate_email(given, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise click.BadParameter(str(error)) from error


@click.group()
def staff() -> None:
    """Members of staff."""


@staff.command()
@click.argument("email", callback=address)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(sorted(each.value for each in STAFF)))
@click.option("--language", default="en", type=click.Choice(LANGS), help="Of letters to them.")
def add(email: str, name: str, role: str, language: str) -> None:
    """Invite EMAIL: the mail has a link to choose a passphrase. Again: a fresh link."""
    with unit_of_work(app()) as db:
        staffing.invite(
            db,
            email=email,
            name=name,
            role=Role(role),
            language=language,
            by=OPERATOR,
            now=real_now(),
        )
    click.echo(f"invited {email}")


@staff.command()
@click.argument("email")
def disable(email: str) -> None:
    """Shut EMAIL out from the next request on."""
    with unit_of_work(app()) as db:
        staffing.disable(db, email=email, by=OPERATOR, now=real_now())
    click.echo(f"disabled {email}")


@staff.command("reset-second-step")
@click.argument("email")
def reset_second_step(email: str) -> None:
    """Forget the lost telephone of EMAIL, once you know it is really them who ask."""
    with unit_of_work(app()) as db:
        person = person_with_email(db, email)
        if person is None:
            raise NotHere(f"nobody has the address {email}")
        own.reset_second_factor(db, id_of(person), now=real_now(), by=OPERATOR)
    click.echo(f"{email} sets up a new second step at the next sign-in")


@staff.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_(as_json: bool) -> None:
    """Everybody on the staff and where they stand."""
    with unit_of_work(app()) as db:
        rows = [
            {
                "email": person.email,
                "name": person.name,
                "role": person.role,
                "second_step": person.totp_secret is not None,
                "state": _state(person.disabled_at is not None, person.confirmed_at is not None),
            }
            for person in people_with_roles(db, STAFF)
        ]
    _show(rows, as_json)


def _state(disabled: bool, confirmed: bool) -> str:
    return "disabled" if disabled else "active" if confirmed else "invited"


def _show(rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo("\t".join(str(value) for value in row.values()))


COMMANDS = (staff,)
