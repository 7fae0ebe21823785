"""Conditions: whether a call meets them, compared with the calendar of Python."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from carriers.snapshots.route_records import ConditionRecord
from carriers.values.time_zones import time_zone, time_zones
from kamailio_bridge.modules.policy import LONGEST_POLICY
from kamailio_bridge.rows.condition_policies import condition_policies, is_met, zone_offsets
from kamailio_bridge.rows.policy_text import policy_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) // 60
YEARS = 24
CHANGING = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Gaza",
    "Asia/Kathmandu",
]


def minute(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=time_zone(zone)).timestamp()) // 60


@pytest.mark.parametrize("zone", CHANGING)
def test_office_hours_follow_the_clock_of_the_time_zone(zone: str) -> None:
    policies = condition_policies(
        ConditionRecord(1, "office", hours="Mon-Fri 08:00-18:00", holidays="12-25, 2027-03-26", time_zone=zone)
    )
    drawn = random.Random(zone)
    for _ in range(2_000):
        at = FIRST + drawn.randrange(YEARS * 525_960)
        local = (EPOCH + timedelta(minutes=at)).astimezone(time_zone(zone))
        day = local.date().isoformat()
        expected = local.weekday() < 5 and 8 <= local.hour < 18 and day[5:] != "12-25" and day != "2027-03-26"
        assert is_met(policies, None, at) == expected, local


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("2027-03-28T01:59", False),  # daylight saving time begins at 02:00
        ("2027-03-28T03:00", True),
        ("2027-10-31T02:30", False),  # it ends at 03:00
        ("2027-10-31T03:00", True),
    ],
)
def test_daylight_saving_time(text: str, open_: bool) -> None:
    policies = condition_policies(ConditionRecord(1, "", hours="Sun 03:00-04:00", time_zone="Europe/Berlin"))
    assert is_met(policies, None, minute(text, "Europe/Berlin")) == open_


@pytest.mark.parametrize(
    ("hours", "text", "open_"),
    [
        ("Fri 22:00-02:00", "2026-11-27T21:59", False),
        ("Fri 22:00-02:00", "2026-11-27T22:00", True),
        ("Fri 22:00-02:00", "2026-11-28T01:59", True),
        ("Fri 22:00-02:00", "2026-11-28T02:00", False),
        ("Sun 22:00-02:00", "2026-11-30T01:00", True),  # past the end of the week
        ("Sat-Mon 09:00-10:00", "2026-11-29T09:30", True),
        ("Sat-Mon 09:00-10:00", "2026-12-01T09:30", False),
        ("Mon-Sun 00:00-24:00", "2026-11-29T23:59", True),
    ],
)
def test_hours_past_midnight_and_past_the_week(hours: str, text: str, open_: bool) -> None:
    at = minute(text, "UTC")
    assert is_met(condition_policies(ConditionRecord(1, "", hours=hours)), None, at) == open_
    assert is_met(condition_policies(ConditionRecord(1, "", hours=hours, outside=True)), None, at) != open_


def test_pbxs() -> None:
    named = condition_policies(ConditionRecord(1, "", any_pbx=False, pbxs=(3, 17)))
    assert [is_met(named, pbx, FIRST) for pbx in (3, 17, 7, 1, None)] == [True, True, False, False, False]
    nobody = condition_policies(ConditionRecord(1, "", any_pbx=False))
    assert not is_met(nobody, 3, FIRST)
    assert not is_met(nobody, None, FIRST)
    assert is_met(condition_policies(ConditionRecord(1, "")), None, FIRST)
    assert not is_met({}, 3, FIRST)  # what is not loaded is never met


def test_every_time_zone_fits_its_row() -> None:
    drawn = random.Random(1)
    for zone in [*CHANGING, "Africa/Casablanca", "UTC", *drawn.sample(time_zones(), 20)]:
        assert len(policy_text({"offsets": zone_offsets(zone)})) <= LONGEST_POLICY, zone
    assert zone_offsets("UTC") == "0"
