"""Address fields that understand ``host:port`` and ``sip:host:port;transport=tcp``, and split them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from carriers.fields import Transport
from carriers.values.addresses import SipAddress, parse_sip_address, usual_port


class SipAddressField(forms.CharField):
    """A SIP address as typed; its clean value is a ``SipAddress``, or None when left blank."""

    def __init__(self, **kwargs: Any) -> None:
        # Room for an address with scheme, port and parameter; the host's own limit is checked when it is parsed.
        super().__init__(**{"max_length": 255, **kwargs})

    def clean(self, value: Any) -> SipAddress | None:
        text = super().clean(value)
        return parse_sip_address(text) if text else None


class SipAddressForm(forms.ModelForm):
    """Split what is typed into the address field over the fields ``port`` and ``transport``.

    The typed address wins over a port or transport that was left as it is. One that was changed to something else
    is refused as ambiguous.
    """

    address_field = "host"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name == self.address_field:
                self.fields[name] = SipAddressField(
                    label=field.label, help_text=field.help_text, widget=field.widget, required=field.required
                )
                self.fields[name].widget.attrs.pop("maxlength", None)

    def clean(self) -> dict[str, Any]:
        super().clean()
        address: SipAddress | None = self.cleaned_data.get(self.address_field)
        if address is None:
            if self.address_field in self.cleaned_data:
                self.cleaned_data[self.address_field] = ""
            return self.cleaned_data
        self.cleaned_data[self.address_field] = address.host
        self._settle("transport", address.transport, Transport.UDP.value)
        self._settle("port", address.port, usual_port(address.host, self.cleaned_data.get("transport")))
        return self.cleaned_data

    def _settle(self, name: str, typed: int | str | None, default: int | str | None) -> None:
        if name not in self.cleaned_data:  # refused already, with its own message
            return
        separate = self.cleaned_data[name]
        is_blank = separate in (None, "")
        if typed is not None and not is_blank and name in self.changed_data and separate != typed:
            error = ValidationError(
                "The address says %(typed)s, this field says %(separate)s: leave one of them out.",
                code="contradiction",
                params={"typed": typed, "separate": separate},
            )
            self.add_error(name, error)
            return
        if typed is not None:
            self.cleaned_data[name] = typed
        elif is_blank:
            self.cleaned_data[name] = default
