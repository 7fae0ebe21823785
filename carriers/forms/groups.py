"""A carrier group. Its client key is write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from carriers.models import CarrierGroup
from carriers.models.topics.registry import GROUP_TOPICS
from carriers.passwords.encryption import SecretUnreadable

KEY = "client_key"
_TOPIC_FIELDS = tuple(name for topic in GROUP_TOPICS for name in topic.names if name not in topic.secrets)
NOT_STORED = "The key of the client certificate, in PEM format and without a password."
STORED = "A key is stored. Leave this blank to keep it; it goes with the certificate when that is removed."
TYPE_AGAIN = "Enter the key again: it is not kept while errors are shown. Left blank, the stored one stays."
UNREADABLE = (
    "The stored key can't be decrypted, because the key that encrypted it is lost. Enter it again; what Kamailio has of"
    " it stays in force until then."
)


def client_key_state(group: CarrierGroup | None) -> str:
    """Return in words whether a usable client key is stored."""
    if group is None or not group.has_client_key:
        return "Not stored"
    try:
        group.client_key()
    except SecretUnreadable:
        return UNREADABLE
    return "Stored"


class WriteOnlyTextarea(forms.Textarea):
    """A text of several lines that is never rendered."""

    def format_value(self, value: Any) -> str:
        return ""


class CarrierGroupForm(forms.ModelForm):
    """A carrier group on its page. A blank client key keeps the stored one while there is a certificate."""

    client_key = forms.CharField(
        required=False,
        widget=WriteOnlyTextarea(
            attrs={"rows": 4, "class": "vLargeTextField", "autocomplete": "off", "spellcheck": "false"}
        ),
    )

    class Meta:
        model = CarrierGroup
        fields = ("name", "enabled", "selection", *_TOPIC_FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("ca_certificates", "client_certificate"):
            if name in self.fields:
                self.fields[name].widget.attrs |= {"rows": 4, "spellcheck": "false"}
        if KEY in self.fields:
            self.fields[KEY].help_text = self._key_help()

    def _key_help(self) -> str:
        state = client_key_state(self.instance)
        if state == UNREADABLE:
            return UNREADABLE
        if self.is_bound and self.data.get(self.add_prefix(KEY)):
            return TYPE_AGAIN
        return STORED if state == "Stored" else NOT_STORED

    @sensitive_variables("key")
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        key = data.get(KEY)
        if key:
            try:
                self.instance.set_client_key(key)
            except ValidationError as error:
                self.add_error(None, error)
        elif "client_certificate" in data and not data["client_certificate"].strip():
            self.instance.client_key_ciphertext = ""
        return data
