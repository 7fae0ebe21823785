"""Write the TLS files of carrier groups for the Kamailio of this machine, before it starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kamailio_bridge.apply.node_files import write_applied_files
from kamailio_bridge.nodes.certificates.tls_profiles import profiles_folder


class Command(BaseCommand):
    help = (
        "Write the certificates and keys of carrier groups with TLS of their own beside tls.cfg, as they were applied"
        " last. deploy/write-tls-profiles runs it before Kamailio starts; while Kamailio runs, use reload_certificates."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        folder = profiles_folder(settings.DSIPROUTER_RPC_FIFO)
        if folder is None:
            self.stdout.write(f"There is no tls.cfg in {settings.DSIPROUTER_RPC_FIFO.parent}: nothing to write.")
            return
        try:
            count = write_applied_files(folder)
        except OSError as error:
            raise CommandError(f"{error.filename or folder} can't be written: {error.strerror}.") from None
        self.stdout.write(f"TLS profiles written to {folder}: {count}.")
