"""What the host names of a carrier group mean for its own calls to us."""

from __future__ import annotations

from typing import Any

from django.db import models


class HostNameFields(models.Model):
    """Whether the addresses that host names lead to are the carrier's."""

    admit_names = models.BooleanField(
        "admit by host name",
        default=True,
        help_text="Calls from the addresses that the host names of its endpoints and registration servers lead to are"
        " this carrier's. DNS is asked at least once a minute. Unticked: only sources and endpoints with an address.",
    )

    class Meta:
        abstract = True


def explain_host_names(settings: Any) -> str:
    """Say whose calls are the carrier's."""
    if settings.admit_names:
        return "Calls from the addresses that its host names lead to are this carrier's."
    return "Host names don't matter for its calls: they must come from its sources or from endpoints with an address."
