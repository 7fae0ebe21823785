"""The project as a Django app: its admin site, roles, checks and commands."""

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_login_failed
from django.core import checks

from dsiprouter.checks import check_file_modes, check_names_of_settings
from dsiprouter.staff.first_user import check_first_password


class DsiprouterAdminConfig(AdminConfig):
    """Replace Django's admin site by ours, with the button Reload Kamailio in its header."""

    default_site = "dsiprouter.admin_site.site.DsiprouterAdminSite"


class LoginsConfig(AxesConfig):  # type: ignore[misc]  # untyped
    """Name the section of django-axes in the admin: logins and refused logins."""

    verbose_name = "Logins"


class DsiprouterConfig(AppConfig):
    name = "dsiprouter"
    verbose_name = "dSIPRouter"

    def ready(self) -> None:
        from dsiprouter.logins.name_delays import count_failure  # noqa: PLC0415 - needs the models to be loaded
        from dsiprouter.staff.user_history import track_users  # noqa: PLC0415

        track_users()
        user_login_failed.connect(count_failure, dispatch_uid="count_failure")
        checks.register(check_file_modes)
        checks.register(check_first_password)
        checks.register(check_names_of_settings)
