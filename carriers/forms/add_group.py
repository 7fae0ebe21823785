"""The short form that adds a carrier group, with only the fields that its authentication needs."""

from __future__ import annotations

import re
from typing import Any, cast

from crispy_forms.helper import FormHelper
from crispy_forms.layout import ButtonHolder, Fieldset, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field
from django.views.decorators.debug import sensitive_variables

from carriers.forms.addresses import SipAddressField
from carriers.forms.credentials import PasswordField
from carriers.models import AuthCredential, CarrierGroup
from carriers.services import NewCredential, add_carrier_group
from carriers.values.addresses import clean_network

IP = "ip"
PASSWORD = "password"  # noqa: S105 - the name of a choice
_MODEL_TO_FORM = {"host": "address", "network": "sources"}


class AddCarrierGroupForm(forms.Form):
    """A name, a way to authenticate, and the fields of that way."""

    name = forms.CharField(
        label="Name",
        help_text="What you call this provider, such as “Acme”.",
        max_length=64,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    authentication = forms.ChoiceField(
        label="Authentication",
        choices=[(IP, "IP authentication"), (PASSWORD, "Username/password")],
        initial=IP,
        widget=forms.RadioSelect,
        help_text="How the carrier knows your calls: by the IP addresses on both sides, or by a username and password.",
    )
    address = SipAddressField(
        label="Endpoint address",
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Where to send the calls, such as 203.0.113.7, [2001:db8::1]:5060 or"
        " sip:sip.acme.example:5060;transport=tcp. It becomes the first endpoint and gets the number as dialled, until"
        " you set its strip and prefix. Leave it blank to add all endpoints afterwards.",
    )
    sources = forms.CharField(
        label="Source networks",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="From where else the carrier may call you, one a line, such as 198.51.100.0/24."
        " The endpoint's own IP address is allowed without being listed.",
    )
    username = forms.CharField(
        label="Username",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
    )
    password = PasswordField(label="Password", required=False, help_text="It is stored encrypted and never shown.")
    registrar = SipAddressField(
        label="Registration server",
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Host name or IP address, with :port where the carrier names one.",
    )
    takes_calls = forms.BooleanField(
        label="Send calls there, too",
        required=False,
        help_text="The registration server becomes the first endpoint and gets the number as dialled. Leave this"
        " unticked to add endpoints with a strip or prefix afterwards: until then, no calls go to this group.",
    )

    ip_fields = ("address", "sources")
    password_fields = ("username", "password", "registrar", "takes_calls")
    required_with_password = ("username", "password", "registrar")

    @property
    def helper(self) -> FormHelper:
        """Return the layout: one fieldset per way to authenticate; a script shows the chosen one."""
        helper = FormHelper()
        helper.form_id = "carriergroup_form"
        helper.attrs = {"novalidate": True}
        helper.layout = Layout(
            Fieldset("", "name", "authentication"),
            Fieldset("IP authentication", *self.ip_fields, css_class="for-authentication", data_authentication=IP),
            Fieldset(
                "Username/password",
                *self.password_fields,
                css_class="for-authentication",
                data_authentication=PASSWORD,
            ),
            ButtonHolder(Submit("_save", "Add carrier group", css_class="default")),
        )
        return helper

    def clean_name(self) -> str:
        group = CarrierGroup(name=self.cleaned_data["name"])
        try:
            group.full_clean()
        except ValidationError as error:
            raise ValidationError(error.message_dict["name"]) from None
        return group.name

    def clean_sources(self) -> list[str]:
        networks: list[str] = []
        errors: list[ValidationError] = []
        for text in re.split(r"[\s,;]+", self.cleaned_data["sources"].strip()):
            if not text:
                continue
            try:
                network = clean_network(text)
            except ValidationError as error:
                errors.append(error)
                continue
            if network in networks:
                errors.append(ValidationError("%(network)s stands here twice.", params={"network": network}))
            networks.append(network)
        if errors:
            raise ValidationError(errors)
        return networks

    def clean(self) -> dict[str, Any]:
        super().clean()
        chosen = self.cleaned_data.get("authentication")
        if chosen == IP:
            self._refuse_unused(self.password_fields, "Username/password")
        elif chosen == PASSWORD:
            self._refuse_unused(self.ip_fields, "IP authentication")
            self._check_credential()
        return self.cleaned_data

    def _refuse_unused(self, names: tuple[str, ...], choice: str) -> None:
        """Refuse input for the other way to authenticate instead of dropping it silently."""
        for name in names:
            if self.cleaned_data.get(name):
                self.add_error(name, f"Clear this field, or choose {choice} above.")

    @sensitive_variables("password")
    def _check_credential(self) -> None:
        for name in self.required_with_password:
            if name in self.cleaned_data and not self.cleaned_data[name]:
                self.add_error(name, ValidationError("Fill in this field.", code="required"))
        credential = AuthCredential()
        password = self.cleaned_data.get("password")
        if password:
            try:
                credential.set_password(password)
            except ValidationError as error:
                self.add_error(None, error)
        registrar = self.cleaned_data.get("registrar")
        for name, value in (
            ("username", self.cleaned_data.get("username")),
            ("registrar", registrar.host if registrar else None),
        ):
            if value:
                field = cast(Field, AuthCredential._meta.get_field(name))
                try:
                    field.clean(value, credential)
                except ValidationError as error:
                    self.add_error(name, error)

    @sensitive_variables("credential")
    def save(self) -> CarrierGroup | None:
        """Store the group, or return None with the reasons among the form's errors."""
        data = self.cleaned_data
        credential = None
        if data["authentication"] == PASSWORD:
            credential = NewCredential(data["username"], data["password"], data["registrar"], data["takes_calls"])
        try:
            return add_carrier_group(
                name=data["name"],
                endpoint=data["address"],
                sources=data["sources"],
                credential=credential,
            )
        except ValidationError as error:
            for name, errors in error.error_dict.items():
                self.add_error(_MODEL_TO_FORM.get(name, name), errors)
            return None
