"""PBXs: customer-side switches that send calls to the carriers and receive inbound calls."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from carriers.fields import PORT_HELP, NameField, PortField, SipHostField, Transport
from carriers.models.base import CarrierModel
from carriers.models.groups import refuse_same_name
from carriers.models.topics.backups import BackupFields
from carriers.models.topics.identity import PBXIdentityFields
from carriers.models.topics.numbers import NUMBER_PLAN_CONSTRAINTS, NumberPlanFields
from carriers.models.topics.registry import PBX_TOPICS
from carriers.models.topics.sockets import SocketFields
from carriers.models.topics.topic import errors_of
from carriers.values.addresses import format_address


class PBX(NumberPlanFields, PBXIdentityFields, BackupFields, SocketFields, CarrierModel):
    """A customer-side switch: the networks that it calls from, and the address for inbound calls."""

    name = NameField(unique=True, help_text="What you call this switch, such as “office”.")
    host = SipHostField("address", help_text="Where inbound calls go: IP address or DNS name.")
    port = PortField(null=True, blank=True, help_text=PORT_HELP)
    transport = models.CharField(max_length=3, choices=Transport.choices, default=Transport.UDP)
    enabled = models.BooleanField(default=True, help_text="A disabled PBX may not call, and gets no calls.")

    class Meta:
        verbose_name = "PBX"
        verbose_name_plural = "PBXs"
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="pbx_name_not_blank"),
            models.CheckConstraint(condition=~models.Q(host=""), name="pbx_host_not_blank"),
            models.CheckConstraint(condition=models.Q(port__gte=1, port__lte=65535), name="pbx_port_range"),
            models.CheckConstraint(condition=models.Q(transport__in=Transport.values), name="pbx_transport_known"),
            *NUMBER_PLAN_CONSTRAINTS,
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Host and port, and the transport where it is not UDP."""
        return format_address(self.host, self.port, self.transport)

    def clean(self) -> None:
        refuse_same_name(self, self.name)
        errors = errors_of(self, PBX_TOPICS)
        if errors:
            raise ValidationError(errors)
