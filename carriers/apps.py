"""The carriers as a Django app: each of their objects has a history, and their passwords have keys."""

from django.apps import AppConfig
from django.core import checks


class CarriersConfig(AppConfig):
    name = "carriers"
    verbose_name = "Carriers and routes"

    def ready(self) -> None:
        from carriers.carrier_history import track_carriers  # noqa: PLC0415 - needs the models to be loaded
        from carriers.checks import check_password_keys  # noqa: PLC0415

        track_carriers()
        checks.register(check_password_keys)
