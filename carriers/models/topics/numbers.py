"""How numbers are written: by a PBX, by a carrier, and as +E.164 in between."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

_COUNTRY = RegexValidator(r"^[1-9][0-9]{0,2}\Z", "A country code has one to three digits, such as 49.", code="country")
_AREA = RegexValidator(r"^[1-9][0-9]{0,6}\Z", "An area code has one to seven digits and no 0 in front.", code="area")
_PREFIX = RegexValidator(r"^[0-9]*\Z", "Only digits are possible here.", code="prefix")


class NumberFormat(models.TextChoices):
    AS_DIALLED = "as_dialled", "As dialled: not changed"
    PLUS = "plus", "+E.164: +49301234567"
    DIGITS = "digits", "E.164 without +: 49301234567"
    DOUBLE_ZERO = "double_zero", "With 00: 0049301234567"
    NATIONAL = "national", "National: 0301234567, with 00 to other countries"


def _format(name: str, help_text: str) -> models.CharField:
    return models.CharField(
        name, max_length=11, choices=NumberFormat.choices, default=NumberFormat.AS_DIALLED, help_text=help_text
    )


def _length(name: str, help_text: str) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        name,
        null=True,
        blank=True,
        validators=[MinValueValidator(3), MaxValueValidator(15)],
        help_text=f"{help_text} 3 to 15 digits.",
    )


def _prefix(default: str, help_text: str) -> models.CharField:
    return models.CharField(max_length=5, blank=True, default=default, validators=[_PREFIX], help_text=help_text)


def _country(help_text: str) -> models.CharField:
    return models.CharField(
        "country code", max_length=3, blank=True, default="", validators=[_COUNTRY], help_text=help_text
    )


class NumberFields(models.Model):
    """How a carrier group wants numbers, and writes those of its own calls."""

    number_format = _format(
        "number format",
        "How the carrier wants the called number, and writes it in its calls to us. Strip and prefix come last.",
    )
    caller_format = _format("caller number format", "The same for the caller's number.")
    format_country = _country("For the national format: the country whose numbers it shortens.")
    format_national_prefix = models.CharField(
        "national prefix",
        max_length=3,
        blank=True,
        default="0",
        validators=[_PREFIX],
        help_text="For the national format: what stands in front of a national number. Blank for none.",
    )

    class Meta:
        abstract = True


NUMBER_CONSTRAINTS = (
    models.CheckConstraint(
        condition=models.Q(number_format__in=NumberFormat.values), name="carrier_group_number_format_known"
    ),
    models.CheckConstraint(
        condition=models.Q(caller_format__in=NumberFormat.values), name="carrier_group_caller_format_known"
    ),
)


def number_errors(settings: Any) -> dict[str, ValidationError]:
    """Return what does not go together, by field."""
    if "national" in (settings.number_format, settings.caller_format) and not settings.format_country:
        return {"format_country": ValidationError("Enter the country of the national format.", code="missing")}
    return {}


class NumberPlanFields(models.Model):
    """How a PBX dials. Without a country code its numbers stay as they are dialled."""

    country_code = _country(
        "With it, what the PBX dials becomes +E.164 before a route is chosen. Blank: numbers stay as dialled."
    )
    area_code = models.CharField(
        max_length=7,
        blank=True,
        default="",
        validators=[_AREA],
        help_text="For local numbers, without the national prefix, such as 30.",
    )
    international_prefix = _prefix("00", "What is dialled before a country code, such as 00 or 011. Blank for none.")
    national_prefix = _prefix("0", "What is dialled before an area code, such as 0 or 1. Blank for none.")
    national_length = _length(
        "length of national numbers", "If they are dialled without a prefix, such as 10 in North America."
    )
    local_length = _length(
        "least length of local numbers", "Shorter ones, such as 110 and 911, stay as dialled. Blank: no local numbers."
    )
    inbound_format = _format(
        "format of inbound calls", "How the PBX wants called and caller number of the carriers' calls."
    )

    class Meta:
        abstract = True


NUMBER_PLAN_CONSTRAINTS = (
    models.CheckConstraint(condition=models.Q(inbound_format__in=NumberFormat.values), name="pbx_inbound_format_known"),
)


def plan_errors(settings: Any) -> dict[str, ValidationError]:
    """Return what does not go together, by field."""
    if settings.country_code:
        return {}
    if settings.area_code or settings.national_length or settings.local_length:
        return {"country_code": ValidationError("Enter the country code of this number plan.", code="missing")}
    if settings.inbound_format == NumberFormat.NATIONAL:
        return {"country_code": ValidationError("Enter the country of the national format.", code="missing")}
    return {}


def explain_numbers(settings: Any) -> str:
    """Say how a number goes out to the carrier."""
    example = {
        "as_dialled": "as the PBX dials it",
        "plus": "as +49301234567",
        "digits": "as 49301234567",
        "double_zero": "as 0049301234567",
        "national": f"as {settings.format_national_prefix}301234567 within +{settings.format_country or '…'}",
    }
    return (
        f"The called number goes out {example[settings.number_format]}, the caller's number"
        f" {example[settings.caller_format]}, where they are known as +E.164: the PBX dials +, or it has a number plan."
        " Strip and prefix of an endpoint are applied last."
    )


def explain_plan(settings: Any) -> str:
    """Say what the PBX's numbers become."""
    if not settings.country_code:
        return "Numbers stay as dialled, and routes match what is dialled."
    local = ""
    if settings.local_length:
        local = f", {'1234567890'[: settings.local_length]} becomes +{settings.country_code}{settings.area_code}…"
    return (
        f"{settings.national_prefix}30… becomes +{settings.country_code}30…, {settings.international_prefix}44… becomes"
        f" +44…{local}. Routes match the number as +E.164; where only the default route does, they match it as dialled."
    )
