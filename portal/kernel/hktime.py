"""Hong Kong calendar days over aware UTC instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HKT = ZoneInfo("Asia/Hong_Kong")


def hk_date(instant: datetime) -> date:
    """The day in Hong Kong at `instant` (aware)."""
    return instant.astimezone(HKT).date()


def start_of_hk_day(day: date) -> datetime:
    """The first instant of `day` in Hong Kong, in UTC."""
    return datetime.combine(day, time.min, HKT).astimezone(UTC)


def end_of_hk_day(day: date) -> datetime:
    """The first instant after `day` in Hong Kong, in UTC: a deadline on `day` ends here."""
    return start_of_hk_day(day + timedelta(days=1))


def add_days(instant: datetime, days: int) -> datetime:
    """The same time of day in Hong Kong, `days` calendar days later, in UTC."""
    return (instant.astimezone(HKT) + timedelta(days=days)).astimezone(UTC)


def days_left(deadline: datetime, now: datetime) -> int:
    """Whole Hong Kong calendar days from `now` to the day of `deadline`; 0 today, never less."""
    return max(0, (hk_date(deadline) - hk_date(now)).days)
