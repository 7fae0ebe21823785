"""Routes: which carrier groups a dialled prefix goes to, and which PBX an inbound prefix goes to."""

from __future__ import annotations

from django.db import models

from carriers.fields import DialPrefixField
from carriers.models.base import CarrierModel
from carriers.models.groups import CarrierGroup
from carriers.models.pbxs import PBX


class OutboundRoute(CarrierModel):
    """A dialled prefix and the carrier groups that it goes to, in order. The longest matching prefix decides."""

    prefix = DialPrefixField(
        "dialled prefix", unique=True, help_text="The longest matching prefix decides. Blank: the default route."
    )
    enabled = models.BooleanField(default=True)
    groups = models.ManyToManyField(CarrierGroup, through="OutboundRouteGroup", related_name="outbound_routes")

    class Meta:
        ordering = ["prefix", "pk"]

    def __str__(self) -> str:
        return self.prefix or "(default route)"


class OutboundRouteGroup(CarrierModel):
    """One carrier group of an outbound route, at its place in the order."""

    route = models.ForeignKey(OutboundRoute, on_delete=models.CASCADE, related_name="route_groups")
    group = models.ForeignKey(CarrierGroup, on_delete=models.CASCADE, related_name="route_groups")
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Lower positions are tried first. Left at 0, a new group goes to the end."
    )

    class Meta:
        verbose_name = "carrier group of the route"
        verbose_name_plural = "carrier groups, in the order in which they are tried"
        ordering = ["route", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["route", "group"], name="route_group_once")]

    def __str__(self) -> str:
        return str(self.group)


class InboundRoute(CarrierModel):
    """A prefix of the numbers that carriers send us, and the PBX that gets those calls."""

    prefix = DialPrefixField(
        "number prefix",
        unique=True,
        help_text="Beginning of the called number. The longest match decides. Blank: every other number.",
    )
    pbx = models.ForeignKey(PBX, on_delete=models.CASCADE, related_name="inbound_routes", verbose_name="PBX")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["prefix", "pk"]

    def __str__(self) -> str:
        return self.prefix or "(every other number)"
