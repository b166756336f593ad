"""Commands for papers: build the fonts they are printed with."""

import time

import click

from portal.infra import fonts, printing


@click.group("fonts")
def fonts_group() -> None:
    """The faces that labels and papers are printed with."""


@fonts_group.command("build")
def build() -> None:
    """Cut them from the system's Noto fonts, unless they are there."""
    began = time.monotonic()
    try:
        folder = fonts.build()
        printing.check()
    except (fonts.FontsMissing, printing.CannotPrint) as lacking:
        raise click.ClickException(str(lacking)) from lacking
    click.echo(f"fonts ready in {folder.name}, {time.monotonic() - began:.0f} s")


@fonts_group.command("missing")
@click.argument("text")
def missing(text: str) -> None:
    """Say which characters of TEXT no face has."""
    for lang in ("tc", "sc"):
        for character in fonts.missing_glyphs(fonts.printable(text), lang):
            click.echo(f"{lang}: U+{ord(character):04X}")


COMMANDS = [fonts_group]
