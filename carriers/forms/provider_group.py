"""The form that adds a carrier group from a provider's template: a name, and what only the customer knows."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import ButtonHolder, Fieldset, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from carriers.documents import DocumentRefused, load_document
from carriers.forms.credentials import PasswordField
from carriers.models import CarrierGroup
from carriers.providers.provider import AnswersRefused, Provider, Question


class ProviderGroupForm(forms.Form):
    """The questions of one template."""

    name = forms.CharField(
        label="Name",
        help_text="What you call this provider.",
        max_length=64,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    def __init__(self, provider: Provider, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider
        self.fields["name"].initial = provider.title.partition(",")[0]
        self.fields |= {question.name_in_form: _field(question) for question in provider.asks}

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_id = "carriergroup_form"
        helper.attrs = {"novalidate": True}
        helper.layout = Layout(
            Fieldset("", *self.fields), ButtonHolder(Submit("_save", "Add carrier group", css_class="default"))
        )
        return helper

    def clean_name(self) -> str:
        group = CarrierGroup(name=self.cleaned_data["name"])
        try:
            group.full_clean()
        except ValidationError as error:
            raise ValidationError(error.message_dict["name"]) from None
        return group.name

    @sensitive_variables("answers", "entry")
    def save(self) -> CarrierGroup | None:
        """Store the group, or return None with the reasons among the form's errors."""
        answers = {question.name: self.cleaned_data[question.name_in_form] for question in self.provider.asks}
        try:
            entry = self.provider.fill(answers)
            load_document({"carrier_groups": [{**entry, "name": self.cleaned_data["name"]}]})
        except AnswersRefused as refused:
            names = {question.name: question.name_in_form for question in self.provider.asks}
            for name, sentence in refused.sentences.items():
                self.add_error(names.get(name), sentence)
            return None
        except DocumentRefused as refused:
            for sentence in refused.problems:
                self.add_error(None, sentence.partition(": ")[2] or sentence)
            return None
        return CarrierGroup.objects.get(name=self.cleaned_data["name"])


def _field(question: Question) -> forms.Field:
    common: dict[str, Any] = {"label": question.label, "help_text": question.help, "required": not question.optional}
    if question.choices:
        return forms.ChoiceField(choices=question.choices, initial=question.default, **common)
    if question.secret:
        return PasswordField(**common)
    return forms.CharField(
        max_length=255,
        initial=question.default,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        **common,
    )
