"""Into which terms names, addresses and queries are taken apart: one way for both databases.

A term is a letter for where it stands, a colon and a token: `n:` in the name, `a:` in the
address or the institution's name, `p:` in the telephone number, `=` for a filter.

Chinese names give single characters and pairs, Chinese addresses pairs and the last character
of each run: as every other character begins a pair, a prefix finds single characters in
addresses too. Words of other scripts are found by their beginning, numbers as they are.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from portal.kernel.folding import fold

HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
RUNS = re.compile(rf"([{HAN}]+)|([^\W\d_{HAN}](?:['’]?[^\W\d_{HAN}])*)|([0-9]+)")
APOSTROPHES = str.maketrans("", "", "'’")

LONGEST = 40
"""Characters of a token that count; index and query are cut alike."""

QUERY_LIMIT = 200
CLAUSE_LIMIT = 40

PHONE = re.compile(r"(?:\+?852)?([0-9]{8})|([0-9]{4,8})")
IN_PHONES = re.compile(r"[\s\-().]")

ALL = "=all"
PATIENTS = "=patients"


class Match(Enum):
    """How a clause's token is looked up."""

    EXACT = "exact"
    PREFIX = "prefix"
    CHARACTER = "character"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing a record must have; a query asks for all of its clauses."""

    match: Match
    token: str


def in_district(code: str) -> str:
    return f"=district:{code}"


def of_kind(code: str) -> str:
    return f"=kind:{code}"


def name_terms(*names: str) -> set[str]:
    """Terms of a record's own names, in whatever languages."""
    return {f"n:{token}" for name in names for token in _tokens(name, single=True)}


def address_terms(*texts: str) -> set[str]:
    """Terms of addresses, and of names that are not the record's own."""
    return {f"a:{token}" for text in texts for token in _tokens(text, single=False)}


def phone_terms(phone: str) -> set[str]:
    """Three neighbouring digits each, of the number without country code."""
    digits = re.sub(r"[^0-9]", "", phone.removeprefix("+852"))
    return {f"p:{triple}" for triple in triples(digits)}


def triples(digits: str) -> list[str]:
    return [digits[at : at + 3] for at in range(len(digits) - 2)]


def clauses(query: str) -> list[Clause]:
    """What `query` asks for; nothing if it holds no letter and no digit.

    Four to eight digits alone are a telephone number, or the part of one, or a house number.
    """
    folded = fold(query[:QUERY_LIMIT])
    if found := PHONE.fullmatch(IN_PHONES.sub("", folded)):
        return [Clause(Match.PHONE, found[1] or found[2])]
    asked = dict.fromkeys(clause for run in RUNS.finditer(folded) for clause in _asked(run))
    return list(asked)[:CLAUSE_LIMIT]


def _asked(run: re.Match[str]) -> Iterator[Clause]:
    han, word, number = run.groups()
    if han and len(han) == 1:
        yield Clause(Match.CHARACTER, han)
    elif han:
        yield from (Clause(Match.EXACT, pair) for pair in _pairs(han))
    elif word:
        yield Clause(Match.PREFIX, word.translate(APOSTROPHES)[:LONGEST])
    else:
        yield Clause(Match.EXACT, number[:LONGEST])


def _tokens(text: str, *, single: bool) -> Iterator[str]:
    for han, word, number in RUNS.findall(fold(text)):
        if han:
            yield from _pairs(han)
            yield from han if single else han[-1]
        else:
            yield (word.translate(APOSTROPHES) or number)[:LONGEST]


def _pairs(run: str) -> Iterable[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))
