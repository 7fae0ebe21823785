"""The carriers as a Django app: each of their objects has a history."""

from django.apps import AppConfig


class CarriersConfig(AppConfig):
    name = "carriers"
    verbose_name = "Carriers and routes"

    def ready(self) -> None:
        from carriers.history_of import track_carriers  # noqa: PLC0415 - needs the models to be loaded

        track_carriers()
