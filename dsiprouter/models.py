"""Models of the site itself: sessions, and failed logins by name."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class SiteSession(AbstractBaseSession):
    """A session, with details for its owner. ``user_id`` is empty before the login.

    ``address`` is the client's address at the login; ``seen`` is the time of the last page, accurate to a minute.
    """

    user_id = models.IntegerField(null=True, db_index=True)
    address = models.CharField(max_length=39, default="")
    browser = models.CharField(max_length=200, default="")
    began = models.DateTimeField()
    seen = models.DateTimeField()

    objects: ClassVar[BaseSessionManager] = BaseSessionManager()

    class Meta:
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> type:
        from dsiprouter.logins.sessions import SessionStore  # noqa: PLC0415 - which needs this model

        return SessionStore


class NameDelay(models.Model):
    """Failed logins with one name, which delay the next ones from unknown places (see ``name_delays``).

    ``name`` is a digest: people type passwords into the field for the name.
    """

    name = models.CharField(max_length=64, unique=True)
    failures = models.IntegerField(default=0)
    last = models.DateTimeField(db_index=True)
    next_try = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.failures} failures"
