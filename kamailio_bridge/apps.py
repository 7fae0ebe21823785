"""The bridge as a Django app: it brings system checks."""

from django.apps import AppConfig
from django.core import checks


class KamailioBridgeConfig(AppConfig):
    name = "kamailio_bridge"
    verbose_name = "Kamailio"

    def ready(self) -> None:
        from kamailio_bridge.checks import (  # noqa: PLC0415 - needs the models to be loaded
            check_modules,
            check_rpc_address,
            check_tables,
        )

        checks.register(check_modules)
        checks.register(check_rpc_address)
        checks.register(check_tables, checks.Tags.database)
