"""The bridge as a Django app: it brings system checks, and takes part in the history and in the rotation of keys."""

from django.apps import AppConfig
from django.core import checks


class KamailioBridgeConfig(AppConfig):
    name = "kamailio_bridge"
    verbose_name = "Kamailio"

    def ready(self) -> None:
        from carriers.reencrypt import also_rotate  # noqa: PLC0415
        from kamailio_bridge.checks import (  # noqa: PLC0415 - needs the models to be loaded
            check_modules,
            check_rpc_address,
            check_sip_addresses,
            check_sip_names,
            check_tables,
            check_token_folder,
        )
        from kamailio_bridge.revisions.history_links import track_bridge  # noqa: PLC0415
        from kamailio_bridge.revisions.reencrypt_snapshots import reencrypt_snapshots  # noqa: PLC0415

        track_bridge()
        also_rotate(reencrypt_snapshots)
        checks.register(check_modules)
        checks.register(check_rpc_address)
        checks.register(check_sip_addresses)
        checks.register(check_sip_names)
        checks.register(check_token_folder)
        checks.register(check_tables, checks.Tags.database)
