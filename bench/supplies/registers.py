"""A made-up register of any size, always the same: for figures, never for showing."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import insert
from sqlmodel import Session

from portal.kernel.identifiers import ALPHABET, with_check
from portal.registry.index import rebuild
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import INSTITUTION, LOCATION, numbered

SINCE = datetime(2026, 1, 1, tzinfo=UTC)

SURNAMES = (
    "陳Chan 李Lee 黃Wong 張Cheung 梁Leung 林Lam 何Ho 鄭Cheng"
    " 劉Lau 吳Ng 蔡Choi 葉Yip 曾Tsang 鄧Tang 許Hui"
)
GIVEN = (
    "志Chi 偉Wai 家Ka 明Ming 文Man 德Tak 嘉Ka 慧Wai 美Mei"
    " 玉Yuk 國Kwok 強Keung 詠Wing 詩See 俊Chun 浩Ho 康Hong 安On"
)
SORTS = (
    ("CLS", "醫務所", "Medical Clinic"),
    ("CLG", "綜合醫療中心", "Integrated Medical Centre"),
    ("DC", "牙科診所", "Dental Clinic"),
    ("CM", "中醫診所", "Chinese Medicine Clinic"),
    ("AH", "物理治療中心", "Physiotherapy Centre"),
    ("LAB", "醫務化驗中心", "Medical Laboratory Centre"),
)
STREETS = (
    ("cw", "中環皇后大道中", "Queen's Road Central, Central"),
    ("e", "北角英皇道", "King's Road, North Point"),
    ("s", "香港仔成都道", "Chengtu Road, Aberdeen"),
    ("wc", "灣仔軒尼詩道", "Hennessy Road, Wan Chai"),
    ("kc", "土瓜灣馬頭圍道", "Ma Tau Wai Road, To Kwa Wan"),
    ("kt", "觀塘開源道", "Hoi Yuen Road, Kwun Tong"),
    ("ssp", "深水埗欽州街", "Yen Chow Street, Sham Shui Po"),
    ("wts", "黃大仙正德街", "Ching Tak Street, Wong Tai Sin"),
    ("ytm", "旺角彌敦道", "Nathan Road, Mong Kok"),
    ("is", "東涌達東路", "Tat Tung Road, Tung Chung"),
    ("kwt", "葵涌興芳路", "Hing Fong Road, Kwai Chung"),
    ("n", "上水龍琛路", "Lung Sum Avenue, Sheung Shui"),
    ("sk", "將軍澳運亨路", "Wan Hang Road, Tseung Kwan O"),
    ("st", "沙田橫壆街", "Wang Pok Street, Sha Tin"),
    ("tp", "大埔安慈路", "On Chee Road, Tai Po"),
    ("tw", "荃灣大河道", "Tai Ho Road, Tsuen Wan"),
    ("tm", "屯門鄉事會路", "Heung Sze Wui Road, Tuen Mun"),
    ("yl", "元朗教育路", "Kau Yuk Road, Yuen Long"),
)
TO_SIMPLIFIED = str.maketrans(
    "陳黃張鄭劉吳葉鄧許偉國強詠詩醫務綜療診漁龍灣軒尼詩馬頭圍觀開欽彌東達興運亨橫壆荃鄉會將軍驗葉龍門環",
    "陈黄张郑刘吴叶邓许伟国强咏诗医务综疗诊渔龙湾轩尼诗马头围观开钦弥东达兴运亨横壆荃乡会将军验叶龙门环",
)


def fill(db: Session, institutions: int) -> int:
    """Enter so many effective institutions with about 1.3 places each, and index them."""
    draw = random.Random(20261122)
    made = iter(_institutions(draw))
    number = 0
    while number < institutions:
        portion = list(islice(made, min(1000, institutions - number)))
        owners, places = [], []
        for owner, own_places in portion:
            number += 1
            owners.append({"id": number, **owner})
            places += [{"institution_id": number, **place} for place in own_places]
        db.execute(insert(Institution), owners)
        db.execute(insert(ServiceLocation), places)
    return rebuild(db, now=SINCE)


Columns = dict[str, object]


def _institutions(draw: random.Random) -> Iterator[tuple[Columns, list[Columns]]]:
    surnames, given = SURNAMES.split(), GIVEN.split()
    for serial in range(1, 10**7):
        person = [draw.choice(surnames), draw.choice(given), draw.choice(given)]
        kind, sort_tc, sort_en = draw.choice(SORTS)
        tc = "".join(each[0] for each in person) + sort_tc
        en = " ".join(each[1:] for each in person) + " " + sort_en
        owner = _named(INSTITUTION, serial, tc, en) | {"kind": kind, "registered_at": SINCE}
        count = draw.choice((1, 1, 1, 1, 1, 1, 1, 2, 2, 4))
        yield owner, [_place(draw, serial * 10 + n, tc, en) for n in range(count)]


def _place(draw: random.Random, serial: int, tc: str, en: str) -> Columns:
    district, street_tc, street_en = draw.choice(STREETS)
    house, floor = draw.randint(1, 699), draw.randint(1, 30)
    address_tc = f"{street_tc}{house}號{floor}樓"
    return _named(LOCATION, serial, tc, en) | {
        "address_en": f"{floor}/F, {house} {street_en}",
        "address_tc": address_tc,
        "address_sc": address_tc.translate(TO_SIMPLIFIED).replace("號", "号").replace("樓", "楼"),
        "district": district,
        "registers_patients": draw.random() < 0.3,
    }


def _named(prefix: str, serial: int, tc: str, en: str) -> Columns:
    digits, rest = [], serial
    for _ in range(8):
        rest, digit = divmod(rest, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return {
        "number": numbered(prefix, with_check("".join(digits))),
        "name_en": en,
        "name_tc": tc,
        "name_sc": tc.translate(TO_SIMPLIFIED),
        "phone": f"2{serial * 7919 % 10**7:07d}",
        "effective_at": SINCE,
    }
