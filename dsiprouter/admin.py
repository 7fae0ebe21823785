"""Users and groups with our own rules, and no page that shows second factors.

They have secrets, which ``manage.py second_factor`` shows once.
"""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from dsiprouter.staff.user_admin import SiteGroupAdmin, SiteUserAdmin

__all__ = ["SiteGroupAdmin", "SiteUserAdmin"]

admin.site.unregister([StaticDevice, TOTPDevice])
