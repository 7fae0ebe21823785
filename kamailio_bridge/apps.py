"""The bridge as a Django app: registers system checks, hooks of the carriers and the history of nodes."""

from django.apps import AppConfig
from django.core import checks


class KamailioBridgeConfig(AppConfig):
    name = "kamailio_bridge"
    verbose_name = "Kamailio"

    def ready(self) -> None:
        from carriers.history.tracking import track  # noqa: PLC0415 - needs the models to be loaded
        from kamailio_bridge.carrier_hooks import add_hooks  # noqa: PLC0415
        from kamailio_bridge.checks import (  # noqa: PLC0415
            check_advertised_address,
            check_certificate,
            check_modules,
            check_rpc_address,
            check_sip_addresses,
            check_sip_names,
            check_sip_sockets,
            check_tables,
            check_token_folder,
        )
        from kamailio_bridge.nodes.models import KamailioNode  # noqa: PLC0415

        track(KamailioNode)
        add_hooks()
        checks.register(check_advertised_address)
        checks.register(check_certificate)
        checks.register(check_modules)
        checks.register(check_rpc_address)
        checks.register(check_sip_addresses)
        checks.register(check_sip_names)
        checks.register(check_sip_sockets)
        checks.register(check_token_folder)
        checks.register(check_tables, checks.Tags.database)
