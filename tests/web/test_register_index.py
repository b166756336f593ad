"""The search index: what is found, kept in step with every change, also by two at once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pyroaring import BitMap
from sqlmodel import Session, col, select

from portal.infra import db as database
from portal.kernel.problems import Refused
from portal.registry import actions
from portal.registry.index import rebuild
from portal.registry.models import Listing, Posting, ServiceLocation
from portal.registry.queries import is_listed, rows
from portal.registry.search import Asked, search

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAY = timedelta(days=1)
WHO = {"by": "test", "now": NOW}


def enter(
    db, english="Tung Wah", chinese="東華", *, places=1, kind="CLG", effective_at=NOW, **over
):
    """One institution, effective, with so many places in different districts."""
    institution = actions.enter_institution(
        db, kind=kind, name_en=english, name_tc=chinese, name_sc="", phone="2905 1234", **WHO
    )
    for number in range(places):
        given = {
            "name_en": f"{english} Clinic {number}",
            "name_tc": f"{chinese}第{number}診所",
            "address_en": f"{number + 1}/F, 99 Carpenter Road, Kowloon City",
            "address_tc": f"九龍城賈炳達道99號{number + 1}樓",
            "district": ("kc", "wts", "cw", "st")[number % 4],
            **over,
        }
        actions.enter_location(db, institution, **given, **WHO)
    if effective_at:
        actions.make_effective(db, institution.id, effective_at=effective_at, **WHO)
    db.commit()
    return institution


def found(db, words="", *, now=NOW, **filters):
    """The names of what a search finds, in order."""
    result = search(db, Asked(words, **filters), start=0, size=100, now=now)
    assert result.total == len(result.records)
    by_record = rows(db, result.records)
    return [by_record[r].name_en or by_record[r].owner_name_en for r in result.records]


def postings(db):
    return {
        term: (df, set(BitMap.deserialize(bitmap)))
        for term, df, bitmap in db.execute(
            select(col(Posting.term), col(Posting.df), col(Posting.bitmap))
        )
    }


@pytest.mark.parametrize(
    "words",
    [
        *(
            "東華",
            "东华",
            "華第",
            "診所",
            "诊所",
            "賈炳達",
            "贾炳达",
            "龍城",
            "號",
            "东",
            "Ｔｕｎｇ",
        ),
        *(
            "tung",
            "TUNG w",
            "clin",
            "carpenter",
            "penter",
            "2905 1234",
            "9051",
            "99",
            "kowloon 東華",
        ),
    ],
)
def test_any_part_of_a_name_address_or_number_finds_the_place(session, words):
    enter(session)
    enter(session, "Elsewhere", "別處", address_en="Nowhere", address_tc="他方", phone="3456 7890")
    assert found(session, words)[0] == "Tung Wah Clinic 0"


@pytest.mark.parametrize("words", ["華東", "tungw", "！！！", "\x00", "%", "_", "'; drop table"])
def test_what_is_not_there_finds_nothing(session, words):
    enter(session)
    assert found(session, words) == []


def test_no_words_find_everything_and_an_empty_register_nothing(session):
    assert found(session) == []
    enter(session, places=3)
    assert found(session) == ["Tung Wah", *(f"Tung Wah Clinic {n}" for n in range(3))]


def test_names_come_before_addresses(session):
    enter(session, "Abbey", "雅", address_en="1 Carpenter Road")
    enter(session, "Carpenter", "木", address_en="2 Abbey Road")
    assert found(session, "carpenter") == ["Carpenter Clinic 0", "Abbey Clinic 0"]
    assert found(session, "abbey") == ["Abbey Clinic 0", "Carpenter Clinic 0"]


def test_an_institution_with_one_place_is_that_place_and_with_two_itself_too(session):
    institution = enter(session, "Solo", "獨", name_en="Corner Practice")
    assert found(session, "solo") == ["Corner Practice"]
    second = actions.enter_location(
        session, institution, district="yl", name_en="Branch", address_en="2 Road", **WHO
    )
    actions.make_location_effective(session, second, effective_at=NOW, **WHO)
    assert sorted(found(session, "solo")) == ["Branch", "Corner Practice", "Solo"]
    actions.end_location(session, second, at=NOW, reason="closed", **WHO)
    assert found(session, "solo") == ["Corner Practice"]


def test_numbers_find_their_entry(session):
    one, many = enter(session, "One", "一"), enter(session, "Many", "多", places=2)
    assert found(session, one.number) == ["One Clinic 0"]
    assert found(session, many.number.lower().replace("-", " ")) == ["Many"]
    assert found(session, many.locations[1].number) == ["Many Clinic 1"]


def test_filters_and_their_counts(session):
    enter(session, "Aa", "甲", places=2, kind="CLG")
    enter(session, "Bb", "乙", places=1, kind="DC", registers_patients=True)
    result = search(session, Asked(districts=("kc",)), start=0, size=10, now=NOW)
    assert result.total == 3
    assert {k: n for k, n in result.districts.items() if n} == {"kc": 3, "wts": 2}
    assert result.kinds == {"CLG": 2, "DC": 1}
    assert result.patients == 1
    assert found(session, districts=("kc", "wts"), kinds=("DC",)) == ["Bb Clinic 0"]
    assert found(session, patients=True) == ["Bb Clinic 0"]


def test_pages_follow_one_another_without_gap_or_repeat(session):
    enter(session, "Road", "路", places=3)
    enter(session, "Abc", "字", places=7, address_en="1 Road Street")
    whole = search(session, Asked("road"), start=0, size=100, now=NOW).records
    pages = [
        search(session, Asked("road"), start=s, size=3, now=NOW).records for s in range(0, 12, 3)
    ]
    assert [record for page in pages for record in page] == whole
    assert len(whole) == 11


def test_only_effective_entries_that_have_not_ended_are_found(session):
    institution = enter(session, effective_at=None)
    assert found(session) == []
    actions.make_effective(session, institution.id, effective_at=NOW + 14 * DAY, **WHO)
    session.commit()
    assert found(session, now=NOW + 13 * DAY) == []
    assert found(session, now=NOW + 14 * DAY) == ["Tung Wah Clinic 0"]
    actions.end_institution(session, institution, at=NOW + 20 * DAY, reason="left", **WHO)
    session.commit()
    assert found(session, now=NOW + 19 * DAY) == ["Tung Wah Clinic 0"]
    assert found(session, now=NOW + 20 * DAY) == []
    assert not is_listed(institution.locations[0], NOW + 20 * DAY)


def test_who_has_left_cannot_come_back(session):
    institution = enter(session)
    actions.end_institution(session, institution, at=NOW, reason="left", **WHO)
    with pytest.raises(Refused):
        actions.make_effective(session, institution.id, effective_at=NOW, **WHO)
    with pytest.raises(Refused):
        actions.enter_location(session, institution, district="kc", name_en="x", **WHO)


def test_a_changed_name_moves_and_leaves_nothing_behind(session):
    institution = enter(session, places=3)
    changed = {"name_en": "Pok Oi", "name_tc": "博愛"}
    actions.change_institution(session, institution, changed, **WHO)
    actions.change_location(session, institution.locations[0], {"address_tc": "元朗坳頭"}, **WHO)
    session.commit()
    assert len(found(session, "博爱")) == 4
    assert found(session, "坳头") == ["Tung Wah Clinic 0"]
    assert found(session, "賈炳達") == ["Tung Wah Clinic 1", "Tung Wah Clinic 2"]


def test_the_index_kept_in_step_is_the_index_built_anew(session):
    first = enter(session, "Zeta", "丙", places=3)
    enter(session, "Alpha", "甲", places=2)
    actions.change_location(session, first.locations[1], {"name_en": "Other", "phone": "3"}, **WHO)
    actions.end_location(session, first.locations[2], at=NOW, reason="closed", **WHO)
    session.commit()
    before, names = postings(session), found(session)
    assert rebuild(session, now=NOW) == 6
    session.commit()
    assert {term: df for term, (df, _) in postings(session).items()} == {
        term: df for term, (df, _) in before.items()
    }
    assert sorted(found(session)) == sorted(names)
    assert found(session)[0] == "Alpha"


def test_two_transactions_with_the_same_terms_lose_none(app):
    """Both write the posting of every shared term; the second waits and adds to the first's."""
    started = threading.Barrier(2)
    errors: list[BaseException] = []

    def enter_some(name: str) -> None:
        try:
            with app.app_context(), Session(database.engine(), expire_on_commit=False) as db:
                started.wait()
                for number in range(5):
                    enter(db, f"{name} {number}", "同名", places=2)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=enter_some, args=(name,)) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with app.app_context(), Session(database.engine()) as db:
        assert len(found(db, "同名")) == 30
        assert len(set(db.scalars(select(Listing.record)))) == 30
        assert postings(db)["n:同名"] == (30, set(db.scalars(select(Listing.record))))


def test_what_is_rolled_back_is_not_found(session):
    enter(session, "Kept", "留")
    institution = actions.enter_institution(session, kind="DC", name_en="Gone", **WHO)
    actions.enter_location(
        session, institution, district="kc", name_en="Gone", address_en="1 Road", **WHO
    )
    actions.make_effective(session, institution.id, effective_at=NOW, **WHO)
    session.rollback()
    assert found(session) == ["Kept Clinic 0"]


def test_another_process_sees_a_change_at_once(app, session):
    enter(session, "First", "初")
    assert found(session) == ["First Clinic 0"]
    session.rollback()
    with app.app_context(), Session(database.engine(), expire_on_commit=False) as other:
        enter(other, "Second", "次")
    session.rollback()
    assert found(session) == ["First Clinic 0", "Second Clinic 0"]


def test_five_hundred_places_are_entered_quickly_and_found(session):
    institution = enter(session, places=500)
    assert len(session.exec(select(ServiceLocation)).all()) == 500
    result = search(session, Asked("carpenter"), start=480, size=20, now=NOW)
    assert (result.total, len(result.records)) == (500, 20)
    assert len(institution.locations) == 500
