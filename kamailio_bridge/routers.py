"""Routes Kamailio's tables to the database ``kamailio``, and everything else to ``default``."""

from __future__ import annotations

from typing import Any

from django.db import models

from kamailio_bridge.tables.models import KamailioTable


class KamailioRouter:
    """Send Kamailio's tables to their own database, and keep migrations out of it."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return "kamailio" if issubclass(model, KamailioTable) else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == "kamailio" else None
