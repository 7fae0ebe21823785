"""The extra headers of a carrier group. A secret value is write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from carriers.forms.credentials import PasswordField
from carriers.forms.formsets import DistinctFormSet
from carriers.models import ExtraHeader
from carriers.models.headers import MAX_HEADERS
from carriers.passwords.encryption import SecretUnreadable

STORED = "Stored: blank keeps it"
UNREADABLE = "Its key is lost: enter it again"


class ExtraHeaderForm(forms.ModelForm):
    """One header: with a value that is shown, or with a secret one, of which a blank field keeps what is stored."""

    secret_value = PasswordField(required=False, label="or secret value")

    class Meta:
        model = ExtraHeader
        fields = ("name", "value")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "secret_value" in self.fields and self.instance.is_secret:
            state = STORED if self._is_readable() else UNREADABLE
            self.fields["secret_value"].widget.attrs["placeholder"] = state

    def _is_readable(self) -> bool:
        try:
            self.instance.sent_value()
        except SecretUnreadable:
            return False
        return True

    @sensitive_variables("secret")
    def clean(self) -> dict[str, Any]:
        super().clean()
        secret, value = self.cleaned_data.get("secret_value"), self.cleaned_data.get("value")
        if secret and value:
            self.add_error("secret_value", ValidationError("Enter a value or a secret one, not both.", code="both"))
        elif secret:
            try:
                self.instance.set_secret_value(secret)
            except ValidationError as error:
                self.add_error("secret_value", error.message_dict["value"][0])
        elif value:
            self.instance.secret_value_ciphertext = ""
        elif not self.instance.is_secret and "value" not in self.errors:
            self.add_error("value", ValidationError("Enter a value, or a secret one.", code="required"))
        return self.cleaned_data


class ExtraHeaderFormSet(DistinctFormSet):
    """The extra headers of one group, each name once."""

    distinct_fields = ("name",)
    is_unique = True
    duplicate_message = "This header stands here twice: delete one."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_num = self.absolute_max = MAX_HEADERS
