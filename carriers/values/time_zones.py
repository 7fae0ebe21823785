"""Named time zones, such as Europe/Berlin, with the rules of the package tzdata: the same on every host."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

UTC = "UTC"


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones with an area, sorted, and UTC first."""
    names = files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return (UTC, *sorted(name for name in names if "/" in name and not name.startswith("Etc/")))


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the time zone with a name. Raises ``ValidationError`` for other texts."""
    if name not in time_zones():
        raise ValidationError(f"“{name[:40]}” is no time zone: write a name such as Europe/Berlin.", code="time_zone")
    with files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def validate_time_zone(name: str) -> None:
    """Refuse what is no time zone."""
    time_zone(name)
