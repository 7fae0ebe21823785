"""What Kamailio reads of a condition, and whether a call meets it.

Three policies: ``pbxs``, whose calls meet it; ``times``, the hours of the week in minutes since Monday 00:00, and
holidays as month and day or as days since 1970; and ``zone``, the offsets of its time zone from UTC, because Kamailio
knows no other time zones than its host's. ``kamailio/conditions.cfg`` computes the same as ``is_met``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from carriers.snapshots.route_records import ConditionRecord
from carriers.values.time_zones import time_zone
from carriers.values.week_hours import DAY, minutes_of_week, single_days, yearly_days

Policies = Mapping[str, Mapping[str, str]]  # by topic

# The place of each topic gives its rows their keys and must not change.
CONDITION_TOPICS = ("pbxs", "times", "zone")
ALL_PBXS = "all"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# The offsets are written for stretches of a year's length each: ZONES_BEGIN and ZONE_STRETCH of conditions.cfg.
_FIRST, _STRETCH, _STRETCHES = 29_453_760, 525_960, 25  # minutes, from 2026-01-01 to 2050


def condition_policies(condition: ConditionRecord) -> dict[str, dict[str, str]]:
    """Return the policies of a condition by topic."""
    pbxs = ALL_PBXS if condition.any_pbx else f"/{'/'.join(map(str, condition.pbxs))}/"
    policies = {"pbxs": {"pbxs": pbxs}}
    if condition.hours or condition.holidays:
        policies["times"] = _times(condition)
        policies["zone"] = {"offsets": zone_offsets(condition.time_zone)}
    return policies


def condition_key(pk: int, topic: str) -> str:
    """Return the key of a condition's policy: ``c5:times``."""
    return f"c{pk}:{topic}"


def _times(condition: ConditionRecord) -> dict[str, str]:
    times = {}
    if condition.hours:
        times["week"] = "/".join(f"{begin}-{end}" for begin, end in minutes_of_week(condition.hours))
    yearly, single = yearly_days(condition.holidays), single_days(condition.holidays)
    if yearly:
        times["days"] = f"/{'/'.join(str(month * 100 + day) for month, day in yearly)}/"
    if single:
        times["dates"] = f"/{'/'.join(str(day.toordinal() - _EPOCH_DAY) for day in single)}/"
    if condition.outside:
        times["outside"] = "1"
    return times


@lru_cache(maxsize=600)
def zone_offsets(name: str) -> str:
    """Return the offsets of a time zone in minutes: ``60/127260:120/429660:60|60/...``, a stretch after the other.

    A stretch begins with the offset in force; each change follows with its minute in the stretch. The last one holds
    for good, so that a zone without changes has just one.
    """
    zone = time_zone(name)
    changes = _changes(zone)
    stretches = []
    for number in range(_STRETCHES):
        begin = _FIRST + number * _STRETCH
        within = [(minute - begin, offset) for minute, offset in changes if begin < minute < begin + _STRETCH]
        stretches.append("/".join([str(_offset(zone, begin)), *(f"{minute}:{offset}" for minute, offset in within)]))
    while len(stretches) > 1 and stretches[-1] == stretches[-2] and "/" not in stretches[-1]:
        stretches.pop()
    return "|".join(stretches)


def _changes(zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return each change of the offset, by the minute from which it holds."""
    found = []
    before = _offset(zone, _FIRST)
    for day in range(_FIRST, _FIRST + _STRETCHES * _STRETCH, DAY):
        after = _offset(zone, day + DAY)
        if after != before:
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            found.append((high, after))
            before = after
    return found


def _offset(zone: ZoneInfo, minute: int) -> int:
    offset = (_EPOCH + timedelta(minutes=minute)).astimezone(zone).utcoffset()
    return round(offset / timedelta(minutes=1)) if offset is not None else 0


def is_met(policies: Policies, pbx: int | None, minute: int) -> bool:
    """Return whether a call of a PBX meets a condition, in a minute since 1970. A missing condition is never met."""
    pbxs = policies.get("pbxs", {}).get("pbxs", "")
    if pbxs != ALL_PBXS and f"/{pbx}/" not in pbxs:
        return False
    times = policies.get("times")
    if not times:
        return True
    day, minute_of_day = divmod(minute + _offset_at(policies.get("zone", {}).get("offsets", "0"), minute), DAY)
    return _is_open(times, day, minute_of_day) != ("outside" in times)


def _is_open(times: Mapping[str, str], day: int, minute_of_day: int) -> bool:
    today = date.fromordinal(_EPOCH_DAY + day)
    if f"/{today.month * 100 + today.day}/" in times.get("days", "") or f"/{day}/" in times.get("dates", ""):
        return False
    if "week" not in times:
        return True
    minute = today.weekday() * DAY + minute_of_day
    spans = (span.partition("-") for span in times["week"].split("/"))
    return any(int(begin) <= minute < int(end) for begin, _, end in spans)


def _offset_at(offsets: str, minute: int) -> int:
    stretches = offsets.split("|")
    number = min(max((minute - _FIRST) // _STRETCH, 0), len(stretches) - 1)
    since = minute - _FIRST - number * _STRETCH
    first, *changes = stretches[number].split("/")
    offset = int(first)
    for change in changes:
        begin, _, new = change.partition(":")
        if int(begin) <= since:
            offset = int(new)
    return offset
