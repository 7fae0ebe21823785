"""Lists of SIP addresses in one text: further registration servers, and backup addresses of a PBX."""

from __future__ import annotations

from typing import NamedTuple

from django.core.exceptions import ValidationError

from carriers.values.addresses import SipAddress, parse_sip_address, usual_port, with_port

LONGEST_NAME = 64
MOST_BACKUPS = 4


class ListedAddress(NamedTuple):
    """One address. ``port`` is None where DNS decides."""

    host: str
    port: int | None
    transport: str


def addresses_in(text: str) -> list[ListedAddress]:
    """Return the addresses of a list separated by commas. Raises ``ValidationError``."""
    return [_listed(parse_sip_address(part)) for part in (part.strip() for part in text.split(",")) if part]


def _listed(address: SipAddress) -> ListedAddress:
    return ListedAddress(
        address.host, address.port or usual_port(address.host, address.transport), address.transport or "udp"
    )


def clean_addresses(text: str, *, most: int, of: str) -> str:
    """Return addresses separated by a comma and a blank, each once. Raises ``ValidationError``; ``of`` says of what."""
    addresses = list(dict.fromkeys(addresses_in(text)))
    if len(addresses) > most:
        raise ValidationError(f"At most {most} {of} are possible.", code="count")
    if any(len(address.host) > LONGEST_NAME for address in addresses):
        raise ValidationError(f"Each of the {of} has at most {LONGEST_NAME} characters.", code="length")
    return ", ".join(_typed(address) for address in addresses)


def clean_backups(text: str) -> str:
    """Return backup addresses of a PBX in their clean form. Raises ``ValidationError``."""
    return clean_addresses(text, most=MOST_BACKUPS, of="backup addresses")


def _typed(address: ListedAddress) -> str:
    text = with_port(address.host, address.port)
    return text if address.transport == "udp" else f"sip:{text};transport={address.transport}"
