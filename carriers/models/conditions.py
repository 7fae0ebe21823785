"""Conditions: which calls of PBXs a route, or one of its carrier groups, is for."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from carriers.fields import HolidaysField, HoursField, NameField
from carriers.models.base import CarrierModel
from carriers.models.groups import refuse_same_name
from carriers.models.pbxs import PBX
from carriers.values.time_zones import UTC, validate_time_zone


class Condition(CarrierModel):
    """Calls of some PBXs, at some times of the week. A route, or a carrier group of it, is limited to such calls."""

    name = NameField(unique=True, help_text="What you call these calls, such as “office hours” or “head office”.")
    any_pbx = models.BooleanField(
        "calls of every PBX", default=True, help_text="Untick it to name the PBXs below whose calls meet the condition."
    )
    hours = HoursField(
        max_length=800,
        blank=True,
        default="",
        help_text="Days and hours, separated by commas, such as Mon-Fri 08:00-18:00, Sat 09:00-12:30. Hours past"
        " midnight are possible: Fri 22:00-02:00. Blank: at any time.",
    )
    holidays = HolidaysField(
        max_length=700,
        blank=True,
        default="",
        help_text="Days without any of these hours, such as 12-25 for every year, or 2026-04-03.",
    )
    outside = models.BooleanField(
        "outside these hours",
        default=False,
        help_text="Tick it for the calls at all other times: at night, on the other days, and on holidays.",
    )
    time_zone = models.CharField(
        max_length=40,
        default=UTC,
        validators=[validate_time_zone],
        help_text="Of the hours and holidays. Daylight saving time is taken into account.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="condition_name_not_blank")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_same_name(self, self.name)
        errors = condition_errors(self)
        if errors:
            raise ValidationError(errors)


def condition_errors(condition: Any) -> dict[str, ValidationError]:
    """Return what does not go together, by field."""
    if condition.outside and not condition.hours and not condition.holidays:
        return {"outside": ValidationError("Enter the hours or holidays that are meant.", code="missing")}
    return {}


class ConditionPBX(CarrierModel):
    """A PBX whose calls meet a condition."""

    condition = models.ForeignKey(Condition, on_delete=models.CASCADE, related_name="condition_pbxs")
    pbx = models.ForeignKey(PBX, on_delete=models.CASCADE, related_name="condition_pbxs", verbose_name="PBX")

    class Meta:
        verbose_name = "PBX of the condition"
        verbose_name_plural = "PBXs whose calls meet the condition"
        ordering = ["condition", "pk"]
        constraints = [models.UniqueConstraint(fields=["condition", "pbx"], name="condition_pbx_once")]

    def __str__(self) -> str:
        return str(self.pbx)
