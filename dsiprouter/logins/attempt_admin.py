"""The lists of django-axes (logins, refused logins), with our rule for look-ups in URLs."""

from __future__ import annotations

from axes.admin import AccessAttemptAdmin, AccessFailureLogAdmin, AccessLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin

from carriers.offered_lookups import OfferedLookups

admin.site.unregister([AccessAttempt, AccessFailureLog, AccessLog])


@admin.register(AccessAttempt)
class SiteAccessAttemptAdmin(OfferedLookups, AccessAttemptAdmin):  # type: ignore[misc]  # untyped
    pass


@admin.register(AccessFailureLog)
class SiteAccessFailureLogAdmin(OfferedLookups, AccessFailureLogAdmin):  # type: ignore[misc]
    pass


@admin.register(AccessLog)
class SiteAccessLogAdmin(OfferedLookups, AccessLogAdmin):  # type: ignore[misc]
    pass
