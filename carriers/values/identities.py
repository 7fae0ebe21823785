"""Values of a caller's identity: users and numbers in headers, lists of numbers and of header names."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

MAX_CALLER_NUMBERS = 50
MAX_HEADER_VALUE = 255
_USER = re.compile(r"[A-Za-z0-9._+*~-]+")
_NUMBER = re.compile(r"\+?[0-9]{1,24}")
_CALLER_NUMBER = re.compile(r"(\+?[0-9]{1,24}\*?)")
_HEADER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Headers without which there is no call, or which the SIP side writes itself; with their compact forms.
_OWN_HEADERS = (
    "via v from f to t call-id i cseq contact m route record-route max-forwards content-type c content-length l"
    " content-encoding e content-disposition content-language mime-version authorization proxy-authorization"
    " www-authenticate proxy-authenticate require proxy-require supported k allow allow-events u event o expires"
    " refer-to r referred-by b replaces session-expires x min-se rack rseq"
)
# Headers that have a field of their own.
_WITH_FIELD = "p-asserted-identity p-preferred-identity remote-party-id privacy diversion"


def validate_sip_user(value: str) -> None:
    """Allow the characters that the user part of a SIP URI may have without escapes."""
    if not _USER.fullmatch(value):
        raise ValidationError(
            "Only letters without accents, digits and the characters . _ + * ~ - are possible here.", code="user"
        )


def validate_caller_number(value: str) -> None:
    """Allow a number as a carrier writes it: digits, perhaps behind a +."""
    if not _NUMBER.fullmatch(value):
        raise ValidationError("Write a number: up to 24 digits, with or without a + in front.", code="number")


def clean_caller_numbers(text: str) -> str:
    """Return numbers separated by single blanks, without repetitions: ``+4930123* 49301234567``.

    A ``*`` at the end stands for any further digits. Raises ``ValidationError``.
    """
    numbers = _words(text)
    for number in numbers:
        if not _CALLER_NUMBER.fullmatch(number):
            raise ValidationError(
                f"“{number[:32]}” is no caller number: write numbers separated by blanks, each with up to 24 digits,"
                " with or without a + in front, and a * at the end for all numbers that begin so.",
                code="numbers",
            )
    if len(numbers) > MAX_CALLER_NUMBERS:
        raise ValidationError(
            f"These are {len(numbers)} numbers; at most {MAX_CALLER_NUMBERS} are possible: shorten them with a *.",
            code="numbers",
        )
    return " ".join(numbers)


def clean_header_names(text: str) -> str:
    """Return names of headers separated by single blanks, each once. Raises ``ValidationError``."""
    names: dict[str, str] = {}
    for name in _words(text):
        validate_header_name(name)
        names.setdefault(name.lower(), name)
    return " ".join(names.values())


def validate_header_value(value: str) -> None:
    """Allow printable ASCII without blanks at the ends: anything else could become another header."""
    if not value or not value.isascii() or not value.isprintable():
        raise ValidationError(
            "Only letters without accents, digits, blanks and signs are possible here, and no line breaks.",
            code="value",
        )
    if value != value.strip():
        raise ValidationError("A value has no blanks at its beginning or end.", code="value")


def validate_header_name(name: str) -> None:
    """Raise ``ValidationError`` for a name that is none, or that the SIP side writes itself."""
    if not _HEADER_NAME.fullmatch(name):
        shown = f"“{name[:32]}”" if name.isprintable() else "This"
        raise ValidationError(f"{shown} is no name of a SIP header: write letters, digits and hyphens.", code="header")
    if name.lower() in _OWN_HEADERS.split():
        raise ValidationError(f"{name} belongs to the call itself and can neither be added nor removed.", code="header")
    if name.lower() in _WITH_FIELD.split():
        raise ValidationError(f"{name} has a field of its own.", code="header")


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(re.split(r"[\s,;]+", text.strip(" \t\r\n,;")))) if text.strip(" \t\r\n,;") else []
