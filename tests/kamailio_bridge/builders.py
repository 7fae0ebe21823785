"""Builders of carriers in the database, as short as possible for tests."""

from __future__ import annotations

from typing import Any

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)


def make_group(name: str, *hosts: str, **values: Any) -> CarrierGroup:
    """Make a carrier group with an endpoint for each host, in that order."""
    group = CarrierGroup.objects.create(name=name, **values)
    for position, host in enumerate(hosts, start=1):
        Endpoint.objects.create(group=group, host=host, position=position)
    return group


def make_credential(group: CarrierGroup, registrar: str, password: str = "a-long-password") -> AuthCredential:
    """Give a carrier group an account at a registrar."""
    credential = AuthCredential(group=group, username="1000", registrar=registrar, realm="acme")
    credential.set_password(password)
    credential.save()
    return credential


def make_route(prefix: str, *groups: CarrierGroup, **values: Any) -> OutboundRoute:
    """Make an outbound route to the groups, in that order."""
    route = OutboundRoute.objects.create(prefix=prefix, **values)
    for position, group in enumerate(groups, start=1):
        OutboundRouteGroup.objects.create(route=route, group=group, position=position)
    return route


def make_pbx(name: str, host: str, *networks: str) -> PBX:
    """Make a PBX that may call from the networks."""
    pbx = PBX.objects.create(name=name, host=host)
    for network in networks:
        SourceNetwork.objects.create(pbx=pbx, network=network)
    return pbx


def make_inbound_route(prefix: str, pbx: PBX) -> InboundRoute:
    return InboundRoute.objects.create(prefix=prefix, pbx=pbx)
