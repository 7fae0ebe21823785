"""Forms that ask one question and change nothing: they are sent by GET, so that an answer has a URL."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import ButtonHolder, Fieldset, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from carriers.models import PBX
from carriers.values.addresses import parse_ip
from kamailio_bridge.questions.dialled_number import clean_number


class QuestionForm(forms.Form):
    """One field, what else belongs to it, and one button."""

    question = ""
    button = ""
    also: tuple[str, ...] = ()

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_method = "get"
        helper.attrs = {"novalidate": True}
        helper.layout = Layout(
            Fieldset("", self.question, *self.also), ButtonHolder(Submit("", self.button, css_class="default"))
        )
        return helper


class RouteTestForm(QuestionForm):
    """A number as the PBX dials it, and when."""

    question = "number"
    button = "Test the route"
    number = forms.CharField(
        label="Number",
        max_length=100,
        help_text="As the PBX dials it, such as 914443332222 or +1 (444) 333-2222. No call is made.",
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "tel", "autocomplete": "off"}),
    )

    pbx = forms.ModelChoiceField(
        PBX.objects.order_by("name", "pk"),
        label="Dialled by",
        required=False,
        empty_label="any PBX: without a number plan",
        help_text="The PBX whose number plan and conditions apply. With one PBX only, it is that one.",
    )
    at = forms.DateTimeField(
        label="At",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    also = ("pbx", "at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields["at"].help_text = f"For routes with conditions: date and time in {zone}. Blank: now."

    def clean_number(self) -> str:
        try:
            return clean_number(self.cleaned_data["number"])
        except ValueError as error:
            raise ValidationError(str(error), code="number") from None


class WhoIsForm(QuestionForm):
    """A source address."""

    question = "address"
    button = "Who is it?"
    address = forms.CharField(
        label="IP address",
        max_length=50,
        help_text="From where a request comes, such as 198.51.100.7 or 2001:db8::7.",
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def clean_address(self) -> str:
        text: str = self.cleaned_data["address"]
        try:
            return str(parse_ip(text.strip("[]")))
        except ValueError:
            raise ValidationError(
                "“%(text)s” is not an IPv4 or IPv6 address.", code="address", params={"text": text}
            ) from None
