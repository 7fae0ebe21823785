"""Accounts at carriers: names that contain their domain, and lists of realms and registration servers."""

from __future__ import annotations

from typing import NamedTuple

from django.core.exceptions import ValidationError

from carriers.values.addresses import MAX_HOST_LENGTH, SipAddress, clean_host, parse_sip_address, usual_port, with_port

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


class Registrar(NamedTuple):
    """One registration server. ``port`` is None where DNS decides."""

    host: str
    port: int | None
    transport: str


def registrars_in(text: str) -> list[Registrar]:
    """Return the registration servers of a list separated by commas. Raises ``ValidationError``."""
    return [_registrar(parse_sip_address(part)) for part in (part.strip() for part in text.split(",")) if part]


def _registrar(address: SipAddress) -> Registrar:
    return Registrar(
        address.host, address.port or usual_port(address.host, address.transport), address.transport or "udp"
    )


def clean_registrars(text: str) -> str:
    """Return registration servers separated by a comma and a blank, each once. Raises ``ValidationError``."""
    registrars = list(dict.fromkeys(registrars_in(text)))
    if len(registrars) > MOST_REGISTRARS:
        raise ValidationError(f"At most {MOST_REGISTRARS} further registration servers are possible.", code="count")
    if any(len(registrar.host) > MAX_HOST_LENGTH - 36 for registrar in registrars):
        raise ValidationError("The name of a registration server has at most 64 characters.", code="length")
    return ", ".join(_typed(registrar) for registrar in registrars)


def _typed(registrar: Registrar) -> str:
    address = with_port(registrar.host, registrar.port)
    return address if registrar.transport == "udp" else f"sip:{address};transport={registrar.transport}"
