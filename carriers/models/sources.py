"""Source networks, from which a carrier or a PBX may send calls (IP authentication)."""

from __future__ import annotations

from django.db import models

from carriers.django_internals import delete_with_owner
from carriers.fields import NetworkField
from carriers.models.base import CarrierModel
from carriers.models.groups import CarrierGroup
from carriers.models.pbxs import PBX

# Migration 0002 finds it here by this name.
with_owner = delete_with_owner


class SourceNetwork(CarrierModel):
    """A network of exactly one owner: a carrier group or a PBX."""

    group = models.ForeignKey(CarrierGroup, on_delete=with_owner, null=True, blank=True, related_name="sources")
    pbx = models.ForeignKey(
        PBX, on_delete=with_owner, null=True, blank=True, related_name="sources", verbose_name="PBX"
    )
    network = NetworkField(help_text="CIDR notation, such as 198.51.100.0/24, or a single address.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(group__isnull=False, pbx__isnull=True)
                | models.Q(group__isnull=True, pbx__isnull=False),
                name="source_network_one_owner",
            ),
            models.CheckConstraint(condition=~models.Q(network=""), name="source_network_not_blank"),
            models.UniqueConstraint(fields=["group", "network"], name="source_network_once_a_group"),
            models.UniqueConstraint(fields=["pbx", "network"], name="source_network_once_a_pbx"),
        ]

    def __str__(self) -> str:
        return self.network
