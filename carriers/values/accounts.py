"""Accounts at carriers: names that contain their domain, and lists of realms and registration servers."""

from __future__ import annotations

from typing import NamedTuple

from django.core.exceptions import ValidationError

from carriers.values.address_lists import clean_addresses
from carriers.values.addresses import clean_host

MOST_REALMS = 9
MOST_REGISTRARS = 4
LONGEST_REALM = 64


class Account(NamedTuple):
    """The user of an account's SIP address, and the domain that its username names, "" for none."""

    user: str
    domain: str


def split_username(username: str) -> Account:
    """Split ``1000@tel.example`` into user and domain; a username without ``@`` has no domain."""
    user, _, domain = username.partition("@")
    return Account(user, domain)


def clean_username_domain(username: str) -> str:
    """Return the domain of a username in its clean form, "" for none. Raises ``ValidationError``."""
    _, sign, domain = username.partition("@")
    if not sign:
        return ""
    try:
        return clean_host(domain)
    except ValidationError as error:
        raise ValidationError(f"Behind “@” stands the SIP domain: {error.messages[0]}", code="domain") from None


def realms_in(text: str) -> list[str]:
    """Return the realms of a list separated by commas."""
    return [realm for realm in (part.strip() for part in text.split(",")) if realm]


def clean_realms(text: str) -> str:
    """Return realms separated by a comma and a blank, each once. Raises ``ValidationError``."""
    realms = list(dict.fromkeys(realms_in(text)))
    if len(realms) > MOST_REALMS:
        raise ValidationError(f"At most {MOST_REALMS} realms are possible here.", code="count")
    for realm in realms:
        if len(realm) > LONGEST_REALM:
            raise ValidationError(f"A realm has at most {LONGEST_REALM} characters.", code="length")
    return ", ".join(realms)


def clean_registrars(text: str) -> str:
    """Return registration servers separated by a comma and a blank, each once. Raises ``ValidationError``."""
    return clean_addresses(text, most=MOST_REGISTRARS, of="further registration servers")
