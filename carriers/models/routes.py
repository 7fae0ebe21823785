"""Routes: which carrier groups a dialled prefix goes to, and which PBX an inbound prefix goes to."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from carriers.fields import DialPrefixField
from carriers.models.base import CarrierModel
from carriers.models.conditions import Condition
from carriers.models.groups import CarrierGroup
from carriers.models.pbxs import PBX
from carriers.validators import MAX_REASON_LENGTH, validate_reason

# Names of routes without a prefix in lists and choices.
DEFAULT_ROUTE = "(default route)"
EVERY_OTHER_NUMBER = "(every other number)"


class RefuseCode(models.IntegerChoices):
    """The SIP answers of refusals. Challenges, redirects and time-outs are left out: a PBX would retry after those."""

    FORBIDDEN = 403, "403 Forbidden"
    NOT_FOUND = 404, "404 Not Found"
    GONE = 410, "410 Gone"
    TEMPORARILY_UNAVAILABLE = 480, "480 Temporarily Unavailable"
    ADDRESS_INCOMPLETE = 484, "484 Address Incomplete"
    BUSY = 486, "486 Busy Here"
    NOT_ACCEPTABLE = 488, "488 Not Acceptable Here"
    SERVICE_UNAVAILABLE = 503, "503 Service Unavailable"
    DECLINE = 603, "603 Decline"
    DOES_NOT_EXIST = 604, "604 Does Not Exist Anywhere"


class OutboundRoute(CarrierModel):
    """A dialled prefix and the carrier groups that it goes to, in order, or the answer that refuses its calls.

    The longest matching prefix decides, also where no carrier group can take the call, unless the route falls through.
    A condition limits a route, or one of its carrier groups, to some calls.
    """

    prefix = DialPrefixField(
        "dialled prefix", unique=True, help_text="The longest matching prefix decides. Blank: the default route."
    )
    enabled = models.BooleanField(
        default=True, help_text="A disabled route does not count: its calls take a route with a shorter prefix."
    )
    refuse_code = models.PositiveSmallIntegerField(
        "refuse with",
        choices=RefuseCode,
        null=True,
        blank=True,
        help_text="The answer to every call of this prefix. Leave it blank to send the calls to carrier groups.",
    )
    refuse_reason = models.CharField(
        "reason",
        max_length=MAX_REASON_LENGTH,
        blank=True,
        default="",
        validators=[validate_reason],
        help_text="The text of the answer, such as “Premium numbers are not allowed”. Blank: the code's standard text.",
    )
    fall_through = models.BooleanField(
        default=False,
        help_text="When no carrier group of this route can take a call, because all are disabled, have no endpoints or"
        " are for other calls, the call takes the route with the next shorter prefix, at that route’s price. Unticked:"
        " it gets 503.",
    )
    condition = models.ForeignKey(
        Condition,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="outbound_routes",
        verbose_name="only if",
        help_text="Other calls take the route with the next shorter prefix. Blank: the route is for every call.",
    )
    groups = models.ManyToManyField(CarrierGroup, through="OutboundRouteGroup", related_name="outbound_routes")

    class Meta:
        ordering = ["prefix", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refuse_code__isnull=True) | models.Q(refuse_code__in=RefuseCode.values),
                name="outbound_route_refuse_code_known",
            ),
        ]

    def __str__(self) -> str:
        return self.prefix or DEFAULT_ROUTE

    def clean(self) -> None:
        if self.refuse_reason and self.refuse_code is None:
            error = ValidationError("Choose a code for the reason, or clear the reason.", code="code")
            raise ValidationError({"refuse_code": error})


class OutboundRouteGroup(CarrierModel):
    """One carrier group of an outbound route, at its place in the order.

    Where groups have a share, each call begins with one of those, and goes on with the others in their order.
    """

    route = models.ForeignKey(OutboundRoute, on_delete=models.CASCADE, related_name="route_groups")
    group = models.ForeignKey(CarrierGroup, on_delete=models.CASCADE, related_name="route_groups")
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Lower positions are tried first. Left at 0, a new group goes to the end."
    )
    share = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="How many of 100 calls try this carrier group first. Give a share to at least two groups; shares that"
        " do not add up to 100 count in proportion. A group without one gets the calls that those do not take.",
    )
    condition = models.ForeignKey(
        Condition,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="route_groups",
        verbose_name="only if",
        help_text="Other calls pass over this carrier group. Blank: it is for every call of the route.",
    )

    class Meta:
        verbose_name = "carrier group of the route"
        verbose_name_plural = "carrier groups, in the order in which they are tried"
        ordering = ["route", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["route", "group"], name="route_group_once"),
            models.CheckConstraint(condition=models.Q(share__gte=1, share__lte=100), name="route_group_share_range"),
        ]

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
    enabled = models.BooleanField(
        default=True, help_text="A disabled route does not count: its calls take a route with a shorter prefix."
    )
    fall_through = models.BooleanField(
        default=False,
        help_text="When the PBX is disabled, the calls take the route with the next shorter prefix, to its PBX."
        " Unticked: they get 503.",
    )

    class Meta:
        ordering = ["prefix", "pk"]

    def __str__(self) -> str:
        return self.prefix or EVERY_OTHER_NUMBER


class InboundRouteCarrier(CarrierModel):
    """A carrier group whose calls an inbound route sends to another PBX."""

    route = models.ForeignKey(InboundRoute, on_delete=models.CASCADE, related_name="route_carriers")
    group = models.ForeignKey(
        CarrierGroup, on_delete=models.CASCADE, related_name="inbound_route_carriers", verbose_name="calls of"
    )
    pbx = models.ForeignKey(
        PBX, on_delete=models.CASCADE, related_name="inbound_route_carriers", verbose_name="go to PBX"
    )

    class Meta:
        verbose_name = "carrier group of the inbound route"
        verbose_name_plural = "carrier groups whose calls go to another PBX"
        ordering = ["route", "pk"]
        constraints = [models.UniqueConstraint(fields=["route", "group"], name="inbound_route_group_once")]

    def __str__(self) -> str:
        return str(self.group)
