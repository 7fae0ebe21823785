"""Admin pages of users, groups and logins with our own rules, and none of second factors.

Second factors have secrets, which ``manage.py second_factor`` shows once.
"""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from dsiprouter.logins.attempt_admin import SiteAccessAttemptAdmin, SiteAccessFailureLogAdmin, SiteAccessLogAdmin
from dsiprouter.staff.user_admin import SiteGroupAdmin, SiteUserAdmin

__all__ = [
    "SiteAccessAttemptAdmin",
    "SiteAccessFailureLogAdmin",
    "SiteAccessLogAdmin",
    "SiteGroupAdmin",
    "SiteUserAdmin",
]

admin.site.unregister([StaticDevice, TOTPDevice])
