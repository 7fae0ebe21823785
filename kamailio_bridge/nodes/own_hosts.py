"""The SIP addresses of our Kamailio, from the settings."""

from __future__ import annotations

import ipaddress

from django.conf import settings


def own_hosts() -> set[str]:
    """Return Kamailio's SIP addresses without brackets, as carriers store addresses."""
    configured = (
        settings.DSIPROUTER_SIP_ADDRESS,
        settings.DSIPROUTER_SIP_IPV6_ADDRESS,
        settings.DSIPROUTER_SIP_ADVERTISE,
    )
    return {_shortest(address) for address in configured if address}


def _shortest(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:  # a check of the settings reports it
        return address
