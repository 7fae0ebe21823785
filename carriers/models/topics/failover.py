"""When a call to a carrier group goes on to the next endpoint."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from carriers.fields import CausesField, CodesField

DEFAULT_CODES = "402 403 408 429 5xx"
DEFAULT_CAUSES = "2 3 34 38 41 42 44 47 58"
SETUP_SECONDS = 20  # until somebody rings, as the SIP side has it
MAX_ATTEMPTS = 29  # of one call, as the SIP side has it


class Redirects(models.TextChoices):
    FOLLOW = "follow", "Follow: to hosts of this carrier group only, then fail over"
    FAIL_OVER = "fail_over", "Fail over: the next endpoint is tried"


def seconds(default: int, least: int, most: int, name: str, help_text: str) -> models.PositiveSmallIntegerField:
    """Make a field for a time limit in seconds."""
    return models.PositiveSmallIntegerField(
        name,
        default=default,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
        help_text=f"{help_text} {least} to {most} seconds.",
    )


class FailoverFields(models.Model):
    """Which answers and which silence of an endpoint make the call go on to the next one."""

    failover_codes = CodesField(
        "answers that fail over",
        max_length=64,
        blank=True,
        default=DEFAULT_CODES,
        help_text="Codes from 400 to 699, or 4xx, 5xx, 6xx for all of a class. The caller gets all others, such as 404"
        " and 486.",
    )
    failover_causes = CausesField(
        "Q.850 causes that fail over",
        max_length=64,
        blank=True,
        default=DEFAULT_CAUSES,
        help_text="For answers from 400 to 499 that are not listed above but name such a cause in a Reason header.",
    )
    no_reply_timeout = seconds(
        2, 1, 10, "no reply at all", "How long an endpoint may be silent before the next one is tried."
    )
    progress_timeout = seconds(
        6, 1, 20, "100 but no ringing", "How long an endpoint may take from its first answer until it rings."
    )
    ring_timeout = seconds(
        180,
        5,
        600,
        "ringing",
        "How long the called party may ring. Then the caller gets 480 at once.",
    )
    max_attempts = models.PositiveSmallIntegerField(
        "endpoints tried at most",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_ATTEMPTS)],
        help_text=f"Then the route's next carrier group is tried: 1 to {MAX_ATTEMPTS}. Blank: all endpoints.",
    )
    redirects = models.CharField(
        "answers that redirect (3xx)", max_length=9, choices=Redirects.choices, default=Redirects.FOLLOW
    )

    class Meta:
        abstract = True


FAILOVER_CONSTRAINTS = (
    models.CheckConstraint(condition=models.Q(no_reply_timeout__range=(1, 10)), name="carrier_group_no_reply_range"),
    models.CheckConstraint(condition=models.Q(progress_timeout__range=(1, 20)), name="carrier_group_progress_range"),
    models.CheckConstraint(condition=models.Q(ring_timeout__range=(5, 600)), name="carrier_group_ring_range"),
    models.CheckConstraint(
        condition=models.Q(max_attempts__isnull=True) | models.Q(max_attempts__range=(1, MAX_ATTEMPTS)),
        name="carrier_group_attempts_range",
    ),
    models.CheckConstraint(condition=models.Q(redirects__in=Redirects.values), name="carrier_group_redirects_known"),
)


def explain_failover(settings: Any) -> str:
    """Say what happens when an endpoint can't take the call."""
    answers = settings.failover_codes.replace(" ", ", ") or "no answer"
    tried = "all endpoints" if settings.max_attempts is None else f"{settings.max_attempts} endpoints"
    follows = "is followed within this group" if settings.redirects == Redirects.FOLLOW else "counts as a failure"
    return (
        f"The next endpoint is tried when one is silent for {settings.no_reply_timeout} s, does not ring within"
        f" {settings.progress_timeout} s, or answers {answers}. A redirect {follows}. After {tried} of this group the"
        f" call goes on to the route's next group. The caller gets every other answer at once, and 480 after"
        f" {settings.ring_timeout} s of ringing. A call that no endpoint rings within {SETUP_SECONDS} s is given up."
    )
