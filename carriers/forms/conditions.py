"""The form of a condition, and the PBXs that it names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from carriers.forms.formsets import DistinctFormSet
from carriers.models import Condition
from carriers.values.time_zones import time_zones


class ConditionForm(forms.ModelForm):
    """A condition; a new one has the site's time zone."""

    class Meta:
        model = Condition
        fields = ("name", "any_pbx", "hours", "holidays", "outside", "time_zone")
        widgets = {
            "hours": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
            "holidays": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("time_zone")
        if field is not None:  # missing for users with view permission only
            field.widget = forms.Select(choices=[(name, name) for name in time_zones()])
            site = timezone.get_current_timezone_name()
            if self.instance.pk is None and site in time_zones():
                self.initial["time_zone"] = site


class ConditionPBXFormSet(DistinctFormSet):
    """The PBXs of one condition, each once, where their calls only meet it."""

    distinct_fields = ("pbx",)
    is_unique = True
    duplicate_message = "This PBX stands here twice: delete one."

    def clean(self) -> None:
        """Refuse PBXs without an effect, and a condition that no call could meet."""
        super().clean()
        kept = list(self.kept_forms())
        if self.instance.any_pbx:
            for form in kept:
                error = ValidationError(
                    "The calls of every PBX meet this condition: delete this row, or untick “Calls of every PBX”.",
                    code="every",
                )
                form.add_error("pbx", error)
        elif not kept and not any(self.errors):
            raise ValidationError("Name a PBX here, or tick “Calls of every PBX”.", code="none")
