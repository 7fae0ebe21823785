"""The auth credential of a carrier group. Its password is write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables

from carriers.forms.addresses import SipAddressForm
from carriers.models import AuthCredential
from carriers.passwords.encryption import SecretUnreadable

STORED = "A password is stored. Leave this blank to keep it."
TYPE_AGAIN = "Type the new password again: it is not kept while errors are shown. Left blank, the stored one stays."
UNREADABLE = (
    "The stored password can't be decrypted, because the key that encrypted it is lost."
    " Enter the password again; what Kamailio has of it stays in force until then."
)


def password_state(credential: AuthCredential) -> str:
    """Return in words whether a usable password is stored."""
    if not credential.has_password:
        return "Not stored"
    return "Stored" if is_readable(credential) else UNREADABLE


def is_readable(credential: AuthCredential) -> bool:
    """Return whether the stored password can be decrypted with the present keys."""
    try:
        credential.ha1()
    except SecretUnreadable:
        return False
    return True


# Of a credential: most carriers want none of them.
SPECIAL_FIELDS = (
    "domain",
    "calls_to_domain",
    "more_registrars",
    "contact_user",
    "whole_trunk",
    "service_route",
    "realm",
    "more_realms",
    "auth_username",
    "expires",
)


class PasswordField(forms.CharField):
    """A write-only password: never rendered, never stripped."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"})
        super().__init__(strip=False, widget=widget, **kwargs)


class AuthCredentialForm(SipAddressForm):
    """A credential in the group's page. A blank password keeps the stored one."""

    address_field = "registrar"
    password = PasswordField(required=False, help_text="The carrier's password for this username.")

    class Meta:
        model = AuthCredential
        fields = (
            "username",
            "registrar",
            "port",
            "transport",
            "register",
            *SPECIAL_FIELDS,
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_usable_password = self.instance.has_password and is_readable(self.instance)
        if "password" in self.fields:
            self.fields["password"].help_text = self._password_help()

    def _password_help(self) -> str:
        if self.instance.has_password and not self._has_usable_password:
            return UNREADABLE
        if self.is_bound and self.data.get(self.add_prefix("password")):
            return TYPE_AGAIN
        return STORED if self._has_usable_password else str(self.fields["password"].help_text)

    @sensitive_variables("password")
    def clean(self) -> dict[str, Any]:
        super().clean()
        password = self.cleaned_data.get("password")
        if password:
            try:
                self.instance.set_password(password)
            except ValidationError as error:
                self.add_error(None, error)
        elif not self._has_usable_password and self.has_changed():
            self.add_error("password", ValidationError("Enter a password.", code="required"))
        return self.cleaned_data
