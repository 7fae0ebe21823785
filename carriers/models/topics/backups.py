"""Where inbound calls go when a PBX does not take them at its address."""

from __future__ import annotations

from typing import Any

from django.db import models

from carriers.fields import BackupsField


class BackupFields(models.Model):
    """Further addresses of a PBX, in the order in which they are tried."""

    backup_addresses = BackupsField(
        max_length=400,
        blank=True,
        default="",
        help_text="Up to four, separated by commas, such as 192.0.2.10, pbx2.example:5070. Inbound calls go there, in"
        " this order, when the PBX is silent or answers 408, 500, 502, 503 or 504. To let it call from there, add the"
        " networks to its sources.",
    )

    class Meta:
        abstract = True


def explain_backups(settings: Any) -> str:
    """Say what happens to inbound calls that the first address does not take."""
    if settings.backup_addresses:
        return f"Inbound calls that its address does not take go to {settings.backup_addresses}."
    return "Inbound calls that its address does not take fail with 503."
