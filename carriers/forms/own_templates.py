"""The forms that save a carrier group as a template, and that import one."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, ButtonHolder, Fieldset, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape

from carriers.group_templates.asked_values import AskedValue, askable_values, settings_of
from carriers.group_templates.files import import_template
from carriers.group_templates.saving import save_template, template_named
from carriers.models import CarrierGroup, OwnTemplate

MAX_FILE_SIZE = 400_000  # bytes


class SaveTemplateForm(forms.Form):
    """A name, and what the template asks for."""

    name = forms.CharField(
        label="Name",
        max_length=64,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="As people look for it when they add a carrier group. The name of a template of yours saves its next"
        " version, which is then offered to the groups made from it.",
    )
    about = forms.CharField(
        label="About",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="What people who use it should know, in a sentence.",
    )
    asked = forms.MultipleChoiceField(
        label="Ask for",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whoever uses the template enters these. Everything else of this group is stored in the template.",
    )

    def __init__(self, group: CarrierGroup, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        own = OwnTemplate.objects.filter(slug=group.template).first() if group.template else None
        self.fields["name"].initial = own.name if own else group.name
        self.fields["about"].initial = own.about if own else ""
        values = askable_values(settings_of(group, {}))
        self.always = [each for each in values if each.is_always]
        asked: Any = self.fields["asked"]
        asked.choices = [(each.name, _in_words(each)) for each in values if not each.is_always]
        asked.initial = [each.name for each in values if each.is_usual and not each.is_always]
        if not asked.choices:
            del self.fields["asked"]

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.attrs = {"novalidate": True}
        fields: list[Any] = ["name", "about"]
        if self.always:
            labels = escape(", ".join(each.label for each in self.always))
            fields.append(HTML(f'<p class="always-asked">Always asked, and never stored: {_verbatim(labels)}.</p>'))
        fields += ["asked"] if "asked" in self.fields else []
        helper.layout = Layout(
            Fieldset("", *fields), ButtonHolder(Submit("_save", "Save as template", css_class="default"))
        )
        return helper

    def changes_stored(self) -> bool:
        """Say whether the name is that of a template that is saved already."""
        return template_named(self.cleaned_data["name"]) is not None

    def save(self, *, is_linked: bool) -> tuple[OwnTemplate, bool] | None:
        """Save the template, or return None with the reasons among the form's errors."""
        try:
            return save_template(
                self.group,
                name=self.cleaned_data["name"],
                about=self.cleaned_data["about"],
                asked=self.cleaned_data.get("asked", ()),
                is_linked=is_linked,
            )
        except ValidationError as refused:
            for name, errors in refused.message_dict.items():
                self.add_error(name if name in self.fields else None, errors)
            return None


def _verbatim(text: str) -> str:
    """Return text for a template, which crispy renders: its signs must not be tags."""
    return text.replace("{", "&#123;").replace("}", "&#125;")


def _in_words(value: AskedValue) -> str:
    return f"{value.label}: {value.value}"


class ImportTemplateForm(forms.Form):
    """The YAML file of a template."""

    file = forms.FileField(
        label="YAML file",
        max_length=100,
        help_text="A template that has the file's name, or the title in the file, gets it as its next version.",
    )

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.attrs = {"novalidate": True, "enctype": "multipart/form-data"}
        helper.layout = Layout(
            Fieldset("", "file"), ButtonHolder(Submit("_save", "Import template", css_class="default"))
        )
        return helper

    def text(self) -> str | None:
        """Return the text of the file, or None with the reason among the form's errors."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_SIZE:
            self.add_error("file", "The file is too long to be a template.")
            return None
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.add_error("file", "The file is not UTF-8 text.")
            return None

    def save(self) -> tuple[OwnTemplate, bool] | None:
        """Store the template, or return None with the reasons among the form's errors."""
        text = self.text()
        if text is None:
            return None
        try:
            return import_template(text, self.cleaned_data["file"].name)
        except ValidationError as refused:
            by_field = refused.message_dict if hasattr(refused, "error_dict") else {"": refused.messages}
            for name, messages in by_field.items():
                key = {"name": "title: ", "": ""}.get(name, f"{name}: ")
                for message in messages:
                    self.add_error("file", f"{key}{message}")
            return None
