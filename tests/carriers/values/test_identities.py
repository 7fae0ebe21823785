"""Values of a caller's identity in their clean forms. What is refused: ``tests/input.py``."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from carriers.values.identities import (
    clean_caller_numbers,
    clean_header_names,
    validate_caller_number,
    validate_header_name,
    validate_header_value,
    validate_sip_user,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        (" ,; ", ""),
        ("+4930123*", "+4930123*"),
        ("+4930,4940;\n0049*  4940", "+4930 4940 0049*"),
    ],
)
def test_caller_numbers(text: str, clean: str) -> None:
    assert clean_caller_numbers(text) == clean
    assert clean_caller_numbers(clean) == clean


@pytest.mark.parametrize(
    ("text", "clean"), [("", ""), ("X-A", "X-A"), ("X-A, x-a;User-Agent\tX-A", "X-A User-Agent"), ("x_b", "x_b")]
)
def test_header_names(text: str, clean: str) -> None:
    assert clean_header_names(text) == clean
    assert clean_header_names(clean) == clean


@pytest.mark.parametrize(
    "name", ["X-Account-Id", "P-Charge-Info", "User-Agent", "History-Info", "Date", "Organization"]
)
def test_good_header_names(name: str) -> None:
    validate_header_name(name)


@pytest.mark.parametrize(
    "name", ["", "a:b", "a b", "X.A", "^X", "(X)", "ä", "-X", "FROM", "Content-Length", "Diversion"]
)
def test_bad_header_names(name: str) -> None:
    with pytest.raises(ValidationError):
        validate_header_name(name)


def test_what_goes_into_headers() -> None:
    for value in ("a", 'a"b;c=d <sip:1@h>', "~!@#$%^&*()"):
        validate_header_value(value)
    for user in ("1000", "+4930", "trunk.77", "a*b~c"):
        validate_sip_user(user)
    for number in ("1", "+493012345", "0049"):
        validate_caller_number(number)


@pytest.mark.parametrize("value", ["a@b", "a b", "a;b", "a%20", "<a>", "ä", "", "a\nb"])
def test_what_does_not(value: str) -> None:
    with pytest.raises(ValidationError):
        validate_sip_user(value)
    with pytest.raises(ValidationError):
        validate_caller_number(value)
