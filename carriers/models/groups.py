"""Carrier groups and their endpoints: who carries our calls, and at which SIP addresses."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce

from carriers.fields import (
    PORT_HELP,
    DialPrefixField,
    NameField,
    PortField,
    SipHostField,
    SocketField,
    StripField,
    Transport,
)
from carriers.models.base import CarrierModel
from carriers.models.topics.failover import FAILOVER_CONSTRAINTS, FailoverFields
from carriers.models.topics.host_names import HostNameFields
from carriers.models.topics.identity import IDENTITY_CONSTRAINTS, IdentityFields
from carriers.models.topics.numbers import NUMBER_CONSTRAINTS, NumberFields
from carriers.models.topics.registry import GROUP_TOPICS
from carriers.models.topics.sockets import SocketFields
from carriers.models.topics.tls import TlsFields
from carriers.models.topics.topic import errors_of
from carriers.validators import MAX_STRIP
from carriers.values.addresses import format_address
from carriers.values.names import name_key


def refuse_same_name(instance: models.Model, name: str) -> None:
    """Refuse a name that another object has in any case, because people would confuse the two.

    The unique index does so too, but on SQLite with case; SQLite ignores case of ASCII letters only.
    """
    others = type(instance)._default_manager.exclude(pk=instance.pk)
    taken = others.filter(name__iexact=name).exists()
    if not taken and not name.isascii():
        taken = name_key(name) in map(name_key, others.values_list("name", flat=True))
    if name and taken:
        noun = instance._meta.verbose_name
        raise ValidationError({"name": ValidationError(f"There is already a {noun} of this name.", code="unique")})


class CarrierGroupQuerySet(models.QuerySet["CarrierGroup"]):
    """Carrier groups, with annotations for lists."""

    def with_endpoint_counts(self) -> CarrierGroupQuerySet:
        """Add ``endpoint_count``. A subquery, because a search's joins would multiply a joined count."""
        counts = (
            Endpoint.objects.filter(group=models.OuterRef("pk"))
            .order_by()
            .values("group")
            .annotate(count=models.Count("pk"))
            .values("count")
        )
        return self.annotate(endpoint_count=Coalesce(models.Subquery(counts), 0))


class CarrierGroup(NumberFields, IdentityFields, FailoverFields, HostNameFields, SocketFields, TlsFields, CarrierModel):
    """A provider: it has endpoints, source networks, and at most one auth credential."""

    class Selection(models.TextChoices):
        POSITION = "position", "By position: the first endpoint gets the calls, the next ones when it fails"
        WEIGHT = "weight", "By weight: calls are shared in proportion to each endpoint's weight"

    name = NameField(unique=True, help_text="What you call this provider, such as “Acme”.")
    enabled = models.BooleanField(
        default=True, help_text="A disabled group gets no calls, may not call us, and does not register."
    )
    selection = models.CharField(
        "selection of endpoints",
        max_length=8,
        choices=Selection.choices,
        default=Selection.POSITION,
        help_text="In which order the group's endpoints are tried.",
    )

    template = models.SlugField(
        "provider template", max_length=40, blank=True, default="", editable=False, db_index=False
    )
    template_version = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, validators=[MinValueValidator(1), MaxValueValidator(9999)]
    )

    objects = CarrierGroupQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="carrier_group_name_not_blank"),
            models.CheckConstraint(
                condition=models.Q(selection__in=["position", "weight"]), name="carrier_group_selection_known"
            ),
            *FAILOVER_CONSTRAINTS,
            *NUMBER_CONSTRAINTS,
            *IDENTITY_CONSTRAINTS,
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        refuse_same_name(self, self.name)
        errors = errors_of(self, GROUP_TOPICS)
        if errors:
            raise ValidationError(errors)


class Endpoint(CarrierModel):
    """One SIP address of a carrier group, with its changes of the dialled number."""

    class Direction(models.TextChoices):
        BOTH = "both", "Both ways"
        OUTBOUND = "outbound", "We call it"
        INBOUND = "inbound", "It calls us"

    group = models.ForeignKey(CarrierGroup, on_delete=models.CASCADE, related_name="endpoints")
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Lower positions are tried first. Left at 0, a new endpoint goes to the end."
    )
    name = NameField("friendly name", blank=True, default="")
    host = SipHostField("address", help_text="IP address or DNS name; host:port and sip:host:port are understood.")
    port = PortField(null=True, blank=True, help_text=PORT_HELP)
    transport = models.CharField(max_length=3, choices=Transport.choices, default=Transport.UDP)
    strip = StripField(help_text="Number of characters to take off the front of the dialled number.")
    prefix = DialPrefixField(help_text="Characters to put in front of the number after stripping.")
    direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.BOTH)
    weight = models.PositiveSmallIntegerField(
        default=50,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Share of the calls, 1 to 100, when the group selects by weight.",
    )
    socket = SocketField("SIP socket", help_text="Blank: the group's.")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["group", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(strip__gte=0, strip__lte=MAX_STRIP), name="endpoint_strip_range"),
            models.CheckConstraint(condition=models.Q(port__gte=1, port__lte=65535), name="endpoint_port_range"),
            models.CheckConstraint(condition=models.Q(weight__gte=1, weight__lte=100), name="endpoint_weight_range"),
            models.CheckConstraint(condition=~models.Q(host=""), name="endpoint_host_not_blank"),
            models.CheckConstraint(condition=models.Q(transport__in=Transport.values), name="endpoint_transport_known"),
            models.CheckConstraint(
                condition=models.Q(direction__in=["both", "outbound", "inbound"]), name="endpoint_direction_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.name else self.address

    @property
    def address(self) -> str:
        """Host and port, and the transport where it is not UDP."""
        return format_address(self.host, self.port, self.transport)
