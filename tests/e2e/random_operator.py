"""Random, valid edits of carriers."""

from __future__ import annotations

import random
from collections.abc import Callable
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


class Operator:
    """Make one random, valid edit at a time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0
        self.passwords: dict[int, str] = {}  # by group, because the product does not give them back

    def edit(self) -> str:
        """Make an edit that is possible now, and return its name."""
        edits: list[Callable[[], bool]] = [
            self.add_group,
            self.change_group,
            self.remove_group,
            *[self.add_endpoint] * 3,
            *[self.change_endpoint] * 3,
            self.move_endpoints,
            self.remove_endpoint,
            self.add_source,
            self.remove_source,
            self.set_credential,
            self.remove_credential,
            *[self.add_route] * 2,
            self.change_route,
            self.remove_route,
            self.change_pbx,
            self.add_inbound_route,
            self.remove_inbound_route,
        ]
        while True:
            chosen = self.random.choice(edits)
            if chosen():
                return chosen.__name__

    def one_of(self, model: Any) -> Any:
        rows = list(model._default_manager.order_by("pk"))
        return self.random.choice(rows) if rows else None

    def new_name(self) -> str:
        self.names += 1
        return self.random.choice(["Acme", "Büro; [x]", "a,b", 'with "quotes"', "=;:"]) + f" {self.names}"

    def endpoint_values(self) -> dict[str, Any]:
        return {
            "host": self.random.choice(["127.40.1.1", "127.40.1.2", "127.40.1.3", "carrier.invalid"]),
            "port": self.random.choice([5060, 5061, 65_535]),
            "transport": self.random.choice(["udp", "tcp"]),
            "strip": self.random.choice([0, 0, 1, 2, 30]),
            "prefix": self.random.choice(["", "", "+1", "00", "*31#"]),
            "direction": self.random.choice(["both", "both", "outbound", "inbound"]),
            "weight": self.random.randint(1, 100),
            "enabled": self.random.random() < 0.85,
        }

    def dial_prefix(self) -> str:
        return "".join(self.random.choices("0123456789*#+", k=self.random.choice([0, 1, 2, 3, 30])))

    def add_group(self) -> bool:
        CarrierGroup.objects.create(name=self.new_name(), selection=self.random.choice(["position", "weight"]))
        return True

    def change_group(self) -> bool:
        group = self.one_of(CarrierGroup)
        if group:
            group.name, group.enabled = self.new_name(), self.random.random() < 0.7
            group.selection = self.random.choice(["position", "weight"])
            group.save()
        return bool(group)

    def remove_group(self) -> bool:
        group = self.one_of(CarrierGroup)
        return bool(group and group.delete())

    def add_endpoint(self) -> bool:
        group = self.one_of(CarrierGroup)
        if group:
            position = self.random.randint(1, 5)
            Endpoint.objects.create(group=group, position=position, **self.endpoint_values())
        return bool(group)

    def change_endpoint(self) -> bool:
        endpoint = self.one_of(Endpoint)
        if endpoint:
            for name, value in self.endpoint_values().items():
                setattr(endpoint, name, value)
            endpoint.save()
        return bool(endpoint)

    def move_endpoints(self) -> bool:
        group = self.one_of(CarrierGroup)
        endpoints = list(group.endpoints.all()) if group else []
        self.random.shuffle(endpoints)
        for position, endpoint in enumerate(endpoints, start=1):
            Endpoint.objects.filter(pk=endpoint.pk).update(position=position)
        return len(endpoints) > 1

    def remove_endpoint(self) -> bool:
        endpoint = self.one_of(Endpoint)
        return bool(endpoint and endpoint.delete())

    def add_source(self) -> bool:
        group = self.one_of(CarrierGroup)
        networks = ["127.41.0.0/16", "127.42.1.0/24", "127.42.2.7/32", "127.40.1.1/32", "2001:db8::/32", "::2/128"]
        network = self.random.choice(networks)
        if group is None or group.sources.filter(network=network).exists():
            return False
        SourceNetwork.objects.create(group=group, network=network)
        return True

    def remove_source(self) -> bool:
        source = self.random.choice(list(SourceNetwork.objects.filter(pbx=None).order_by("pk")) or [None])
        return bool(source and source.delete())

    def set_credential(self) -> bool:
        group = self.one_of(CarrierGroup)
        if group:
            credential = AuthCredential.objects.filter(group=group).first() or AuthCredential(group=group)
            credential.username = f"user{self.random.randint(1, 99)}"
            credential.realm = self.random.choice(["", "asterisk"])
            credential.registrar, credential.register = "127.40.1.1", False
            self.passwords[group.pk] = f"secret {self.random.random()}"
            credential.set_password(self.passwords[group.pk])
            credential.save()
        return bool(group)

    def remove_credential(self) -> bool:
        credential = self.one_of(AuthCredential)
        return bool(credential and credential.delete())

    def add_route(self) -> bool:
        prefix, groups = self.dial_prefix(), list(CarrierGroup.objects.order_by("pk"))
        if not groups or OutboundRoute.objects.filter(prefix=prefix).exists():
            return False
        route = OutboundRoute.objects.create(prefix=prefix, enabled=self.random.random() < 0.9)
        self.give_groups(route, groups)
        return True

    def give_groups(self, route: OutboundRoute, groups: list[CarrierGroup]) -> None:
        route.route_groups.all().delete()
        chosen = self.random.sample(groups, k=min(len(groups), self.random.randint(1, 3)))
        for position, group in enumerate(chosen, start=1):
            OutboundRouteGroup.objects.create(route=route, group=group, position=position)

    def change_route(self) -> bool:
        route, groups = self.one_of(OutboundRoute), list(CarrierGroup.objects.order_by("pk"))
        if route:
            refuses = self.random.random() < 0.2
            OutboundRoute.objects.filter(pk=route.pk).update(
                enabled=self.random.random() < 0.8,
                fall_through=self.random.random() < 0.5,
                refuse_code=403 if refuses else None,
                refuse_reason="Not here" if refuses else "",
            )
            self.give_groups(route, groups)
        return bool(route)

    def remove_route(self) -> bool:
        route = self.one_of(OutboundRoute)
        return bool(route and route.delete())

    def change_pbx(self) -> bool:
        pbx = self.one_of(PBX)
        PBX.objects.filter(pk=pbx.pk).update(port=self.random.randint(1, 65_535), enabled=self.random.random() < 0.8)
        return True

    def add_inbound_route(self) -> bool:
        prefix = self.dial_prefix()
        if InboundRoute.objects.filter(prefix=prefix).exists():
            return False
        InboundRoute.objects.create(prefix=prefix, pbx=self.one_of(PBX), enabled=self.random.random() < 0.9)
        return True

    def remove_inbound_route(self) -> bool:
        route = self.one_of(InboundRoute)
        return bool(route and route.delete())
