"""Single values: what is refused, and that everything else is welcome."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from carriers.validators import (
    validate_dial_prefix,
    validate_host,
    validate_name,
    validate_network,
    validate_printable,
    validate_quotable,
    validate_user_part,
)
from tests.input import GOOD_NAMES, GOOD_PASSWORDS

REFUSED: list[tuple[Callable[[str], None], str]] = [
    *[(validate_name, text) for text in ("a\x00", "a\nb", "a\tb", "a\x7fb", "a\u200bb", "a\u202eb", "\ud800")],
    *[(validate_printable, text) for text in ("a\rb", "a\nb", "\x1b[0m")],
    *[(validate_quotable, text) for text in ('a"b', "a\\b", "a\nb")],
    *[(validate_user_part, text) for text in ("a b", *(f"a{sign}b" for sign in "@<>:;,\"'?%[]{}|^`\\"))],
    *[(validate_dial_prefix, text) for text in ("a", "1,2;x", " 1", "1 ", "٣", "1\n")],
    (validate_host, "a b"),
    (validate_network, "198.51.100.5/24"),
]

WELCOME: list[tuple[Callable[[str], None], str]] = [
    *[(validate_name, name) for name in GOOD_NAMES],
    *[(validate_printable, password) for password in GOOD_PASSWORDS],
    *[(validate_quotable, text) for text in ("", "asterisk", "Büro, 1. Stock", "a'b", "a b")],
    *[(validate_user_part, text) for text in ("1000", "+4930123", "a.b-c_d~e!f*g(h)i&j=k+l$m/n", "müller")],
    *[(validate_dial_prefix, text) for text in ("", "0", "+1", "*#", "9" * 30)],
    (validate_host, "gw.example"),
    (validate_network, "198.51.100.0/24"),
]


@pytest.mark.parametrize(("validate", "text"), REFUSED)
def test_refused(validate: Callable[[str], None], text: str) -> None:
    with pytest.raises(ValidationError):
        validate(text)


@pytest.mark.parametrize(("validate", "text"), WELCOME)
def test_welcome(validate: Callable[[str], None], text: str) -> None:
    validate(text)
