"""Hours of the week and holidays, as operators write them."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY, WEEK = 24 * 60, 7 * 24 * 60
MOST_SPANS, MOST_HOLIDAYS = 40, 60
_SPAN = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_YEARLY, _ONCE = re.compile(r"([0-9]{2})-([0-9]{2})"), re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LEAP_YEAR = 2028


class Span(NamedTuple):
    """Hours on some days. ``first`` to ``last`` are 0 for Monday to 6, ``start`` and ``end`` minutes of the day.

    An end that is not after the start lies on the following day.
    """

    first: int
    last: int
    start: int
    end: int

    def __str__(self) -> str:
        days = DAYS[self.first] + (f"-{DAYS[self.last]}" if self.last != self.first else "")
        return f"{days} {_clock(self.start)}-{_clock(self.end)}"


def spans_in(text: str) -> list[Span]:
    """Return the spans of ``Mon-Fri 08:00-18:00, Sat 22:00-02:00``. Raises ``ValidationError``."""
    return [_span(part) for part in (" ".join(part.split()) for part in text.split(",")) if part]


def minutes_of_week(text: str) -> list[tuple[int, int]]:
    """Return when the week's hours begin and end, in minutes since Monday 00:00: sorted, joined where they touch."""
    found: list[tuple[int, int]] = []
    for span in spans_in(text):
        days = range(span.first, (span.last if span.last >= span.first else span.last + 7) + 1)
        length = span.end - span.start if span.end > span.start else span.end - span.start + DAY
        for day in days:
            begin = (day * DAY + span.start) % WEEK
            found.append((begin, min(begin + length, WEEK)))
            if begin + length > WEEK:
                found.append((0, begin + length - WEEK))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def clean_hours(text: str) -> str:
    """Return hours in their clean form. Raises ``ValidationError``."""
    spans = list(dict.fromkeys(spans_in(text)))
    if len(spans) > MOST_SPANS:
        raise ValidationError(f"At most {MOST_SPANS} spans of hours are possible.", code="count")
    return ", ".join(map(str, spans))


def yearly_days(text: str) -> list[tuple[int, int]]:
    """Return month and day of the holidays of every year. Raises ``ValidationError``."""
    return [day for day in map(_holiday, _parts(text)) if not isinstance(day, date)]


def single_days(text: str) -> list[date]:
    """Return the holidays of one year only. Raises ``ValidationError``."""
    return [day for day in map(_holiday, _parts(text)) if isinstance(day, date)]


def clean_holidays(text: str) -> str:
    """Return holidays in their clean form, those of every year first. Raises ``ValidationError``."""
    yearly, single = sorted(set(yearly_days(text))), sorted(set(single_days(text)))
    if len(yearly) + len(single) > MOST_HOLIDAYS:
        raise ValidationError(f"At most {MOST_HOLIDAYS} holidays are possible.", code="count")
    return ", ".join([*(f"{month:02}-{day:02}" for month, day in yearly), *map(str, single)])


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,;]+", text) if part]


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.lower().replace(" - ", "-"))
    days = [day.lower() for day in DAYS]
    if found is None or found[1] not in days or (found[2] or found[1]) not in days:
        raise ValidationError(
            f"“{text[:40]}” is no span of hours: write days and hours, such as Mon-Fri 08:00-18:00, separated by"
            " commas.",
            code="hours",
        )
    start, end = _minutes(found[3], found[4]), _minutes(found[5], found[6])
    if start is None or end is None or start == DAY:
        raise ValidationError(f"“{text[:40]}” has an hour that is not from 00:00 to 24:00.", code="hours")
    if start == end:
        raise ValidationError(f"“{text[:40]}” ends when it begins: for a whole day, write 00:00-24:00.", code="hours")
    return Span(days.index(found[1]), days.index(found[2] or found[1]), start, end)


def _minutes(hours: str, minutes: str) -> int | None:
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total <= DAY else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _holiday(text: str) -> date | tuple[int, int]:
    yearly, once = _YEARLY.fullmatch(text), _ONCE.fullmatch(text)
    try:
        if yearly is not None:
            day = date(_LEAP_YEAR, int(yearly[1]), int(yearly[2]))
            return day.month, day.day
        if once is not None and text >= "1970":
            return date(*map(int, once.groups()))
    except ValueError:
        pass
    raise ValidationError(
        f"“{text[:40]}” is no date: write 12-25 for every year, or 2026-04-03, separated by commas.", code="holidays"
    )
