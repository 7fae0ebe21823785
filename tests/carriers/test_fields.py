"""Field classes: one clean form for each value, and bounds that hold in every model."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from carriers.fields import DialPrefixField, NameField, NetworkField, PortField, SipHostField, StripField


@pytest.mark.parametrize(
    ("field", "typed", "clean"),
    [
        (NameField(), " Acme ", "Acme"),
        (NameField(), "x" * 64, "x" * 64),
        (SipHostField(), " GW.Example. ", "gw.example"),
        (SipHostField(), "[2001:DB8::1]", "2001:db8::1"),
        (NetworkField(), "198.51.100.7", "198.51.100.7/32"),
        (NetworkField(), " 2001:DB8::/32", "2001:db8::/32"),
        (PortField(), "65535", 65535),
        (StripField(), "30", 30),
        (StripField(), 0, 0),
        (DialPrefixField(), " +1 ", "+1"),
        (DialPrefixField(), "", ""),
    ],
)
def test_values_have_one_clean_form(field: models.Field[Any, Any], typed: object, clean: object) -> None:
    assert field.clean(typed, None) == clean
    assert field.clean(clean, None) == clean


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        (NameField(), ""),
        (NameField(), "   "),
        (NameField(), None),
        (NameField(), "x" * 65),
        (NameField(), "a\x07b"),
        (SipHostField(), ""),
        (SipHostField(), "999.1.1.1"),
        (SipHostField(), "gw.example:5060"),
        (SipHostField(max_length=64), "a" * 60 + ".example"),
        (NetworkField(), "1.2.3.4/33"),
        (PortField(), 0),
        (PortField(), 65536),
        (PortField(), "abc"),
        (StripField(), -1),
        (StripField(), 31),
        (DialPrefixField(), "1,2;x"),
        (DialPrefixField(), "1" * 31),
    ],
)
def test_bad_values_are_refused_with_one_reason(field: models.Field[Any, Any], typed: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        field.clean(typed, None)
    assert len(refusal.value.messages) == 1


@pytest.mark.parametrize(("field", "default"), [(PortField(), 5060), (StripField(), 0), (DialPrefixField(), "")])
def test_defaults(field: models.Field[Any, Any], default: object) -> None:
    assert field.get_default() == default
