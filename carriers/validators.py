"""Validators of single values. Each error says what is allowed."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError

from carriers.values.accounts import clean_username_domain
from carriers.values.addresses import clean_host, clean_network

# A larger strip breaks drouting's arithmetic (docs/kamailio-facts.md#gateways-that-drouting-uses).
MAX_STRIP = 30
MAX_PREFIX_LENGTH = 30  # leaves room for the letter in front of it: docs/kamailio-facts.md#mtree
MAX_REASON_LENGTH = 64
_CONTACT_CHARACTERS = re.compile(r"[A-Za-z0-9._+*~!-]*")
_DIAL_CHARACTERS = re.compile(r"[0-9*#+]*")
_REASON_CHARACTERS = re.compile(r"[A-Za-z0-9 \-_.!~*'()/?:@&=+,]*")  # of RFC 3261's Reason-Phrase, without ; $ and %


def validate_name(value: str) -> None:
    """Refuse control characters, which would break logs and tables."""
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise ValidationError("A name has no control characters or line breaks.", code="name")


def validate_printable(value: str) -> None:
    """Refuse control characters in a SIP username, password or realm."""
    if any(unicodedata.category(character).startswith("C") for character in value):
        raise ValidationError("Control characters and line breaks are not possible here.", code="control")


def validate_quotable(value: str) -> None:
    """Refuse characters that need escapes in a quoted SIP header value, because Kamailio does not escape."""
    validate_printable(value)
    if '"' in value or "\\" in value:
        raise ValidationError("A double quote or backslash is not possible here.", code="quote")


def validate_user_part(value: str) -> None:
    """Refuse characters that need escapes in the user part of a SIP URI (RFC 3261, section 25.1)."""
    validate_quotable(value)
    if re.search(r"""[\s@<>:;,"'?%\[\]{}|^`]""", value):
        raise ValidationError("Blanks and the characters @ < > : ; , ' ? % are not possible here.", code="user")


def validate_account(value: str) -> None:
    """Refuse what can't be an account: the user part of a SIP URI, alone or with ``@`` and the SIP domain behind it."""
    user, _, _ = value.partition("@")
    validate_user_part(user)
    if not user and value:
        raise ValidationError("Before “@” stands the user.", code="user")
    clean_username_domain(value)


def validate_contact_user(value: str) -> None:
    """Allow the characters of account names and numbers that fit the values that Kamailio reads them from."""
    if not _CONTACT_CHARACTERS.fullmatch(value):
        raise ValidationError("Only letters without accents, digits and . _ + * ~ ! - are possible here.", code="user")


def validate_dial_prefix(value: str) -> None:
    """Allow digits, ``*``, ``#`` and ``+`` only."""
    if not _DIAL_CHARACTERS.fullmatch(value):
        raise ValidationError("Only digits and the characters * # + are possible here.", code="prefix")


def validate_reason(value: str) -> None:
    """Allow the characters of a SIP reason phrase that also fit the values that Kamailio reads it from."""
    if not _REASON_CHARACTERS.fullmatch(value):
        raise ValidationError(
            "Only letters without accents, digits, blanks and the characters - _ . , : ! ? ( ) / ' & = + * @ ~ are"
            " possible here.",
            code="reason",
        )


def validate_host(value: str) -> None:
    """Accept a host in its clean form: an IP address without brackets, or a DNS name in lower case."""
    clean_host(value)


def validate_network(value: str) -> None:
    """Accept a network in CIDR notation without host bits."""
    clean_network(value)
