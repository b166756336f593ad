"""Days and limits of a case, in Hong Kong calendar days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.cases.rules import (
    Limits,
    documents_due,
    effective_at,
    reminder_times,
    settled_at,
    setup_due,
    support_until,
)
from portal.kernel.hktime import HKT, days_left, hk_date

LIMITS = Limits()
# Half past eleven in the evening in Hong Kong: the next day has begun nowhere but in the east.
LATE = datetime(2026, 3, 2, 23, 30, tzinfo=HKT)


def day(*of: int) -> datetime:
    return datetime(*of, tzinfo=HKT).astimezone(UTC)


def test_a_limit_ends_with_its_last_day_in_hong_kong():
    assert documents_due(LATE, LIMITS) == day(2026, 5, 2)
    assert setup_due(LATE, LIMITS) == day(2026, 5, 2)
    assert support_until(LATE, LIMITS) == day(2026, 3, 17)


def test_the_days_after_the_letter_end_at_the_start_of_a_day():
    assert settled_at(LATE, LIMITS) == day(2026, 3, 16)


def test_the_limits_are_the_settings_own():
    assert settled_at(LATE, Limits(settling=1)) == day(2026, 3, 3)


@pytest.mark.parametrize(
    ("letter", "certificate", "expected"),
    [
        (None, None, None),
        (LATE, None, None),
        (None, LATE, None),
        (LATE, LATE + timedelta(days=1), day(2026, 3, 16)),
        (LATE, LATE + timedelta(days=30), LATE + timedelta(days=30)),
    ],
)
def test_effective_is_the_later_of_days_and_certificate(letter, certificate, expected):
    assert effective_at(letter, certificate, LIMITS) == expected


def test_only_reminders_still_to_come():
    due = day(2026, 5, 2)
    assert [days for days, _ in reminder_times(due, due - timedelta(days=10))] == [7, 2]


def test_days_left_counts_dates_and_not_hours():
    assert days_left(day(2026, 3, 3), LATE) == 1
    assert days_left(day(2026, 3, 1), LATE) == 0
    assert hk_date(LATE) == date(2026, 3, 2)
