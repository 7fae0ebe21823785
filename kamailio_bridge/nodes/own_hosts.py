"""The SIP addresses of our Kamailio, from the settings."""

from __future__ import annotations

import ipaddress

from django.conf import settings

from kamailio_bridge.nodes.sockets.sip_sockets import SocketsRefused, parse_sip_sockets


def own_addresses() -> set[tuple[str, int]]:
    """Return the addresses and ports of Kamailio's SIP sockets, with those of the named ones."""
    try:
        sockets = parse_sip_sockets(settings.DSIPROUTER_SIP_SOCKETS)
    except SocketsRefused:  # a check of the settings reports it
        sockets = []
    named = {(_shortest(socket.address), socket.port) for socket in sockets}
    named |= {(socket.advertise, socket.advertise_port or socket.port) for socket in sockets if socket.advertise}
    return {(host, settings.DSIPROUTER_SIP_PORT) for host in own_hosts()} | named


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
