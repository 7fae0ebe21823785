"""What the collector knows of host names. It is no part of a revision: DNS changes it, not an operator."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

KEPT = timedelta(days=1)  # a name that no longer resolves keeps its addresses for so long


class HostName(models.Model):
    """A host name of a carrier group, and the addresses that it led to when it was last resolved."""

    name = models.CharField(max_length=100, unique=True)
    addresses = models.JSONField(default=list)  # texts
    ttl = models.PositiveIntegerField(default=0)  # seconds
    resolved = models.DateTimeField(null=True)  # the last time with an answer
    asked = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")  # a sentence; why the last question failed

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def counts(self) -> bool:
        """Whether its addresses admit calls."""
        return self.resolved is not None and self.resolved > timezone.now() - KEPT

    @property
    def sentence(self) -> str:
        """Say where the name leads, since when, and what is wrong."""
        if self.resolved is None:
            return f"{self.name} leads nowhere yet: {self.problem}"
        addresses = ", ".join(self.addresses)
        when = f"{timezone.localtime(self.resolved):%Y-%m-%d %H:%M:%S}"
        if not self.problem:
            return f"{self.name} leads to {addresses}: asked at {when}, valid for {self.ttl} s."
        if self.counts:
            until = f"{timezone.localtime(self.resolved + KEPT):%Y-%m-%d %H:%M}"
            return f"{self.name} does not resolve: {self.problem} {addresses}, of {when}, stay admitted until {until}."
        return f"{self.name} has not resolved since {when}: {self.problem} {addresses} are not admitted any more."
