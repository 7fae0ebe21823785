"""An instance to measure: its databases, filled with carriers, and a Kamailio on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from tests.mariadb import free_port

if TYPE_CHECKING:
    from kamailio_bridge.local.kamailio_process import NodeProcess

ENDPOINTS_PER_GROUP = 10
TOKEN = "token-of-the-bench"


def prepare() -> None:
    """Set Django up and make all tables, in the databases that the environment names."""
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - Django is set up only now

    from kamailio_bridge.tables.create import create_missing_tables  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    create_missing_tables()


def fill(groups: int) -> None:
    """Add carrier groups of ten endpoints each, and a route to each."""
    from carriers.models import CarrierGroup, Endpoint, OutboundRoute, OutboundRouteGroup  # noqa: PLC0415

    made = CarrierGroup.objects.bulk_create(
        [CarrierGroup(name=f"Carrier {number:05}") for number in range(groups)], batch_size=1000
    )
    Endpoint.objects.bulk_create(
        [
            Endpoint(
                group=group,
                host=f"127.{number // 250}.{number % 250}.{position}",
                position=position,
                strip=1,
            )
            for number, group in enumerate(made)
            for position in range(1, ENDPOINTS_PER_GROUP + 1)
        ],
        batch_size=1000,
    )
    routes = OutboundRoute.objects.bulk_create(
        [OutboundRoute(prefix=str(1_000_000 + group.pk)) for group in made], batch_size=1000
    )
    OutboundRouteGroup.objects.bulk_create(
        [OutboundRouteGroup(route=route, group=group) for route, group in zip(routes, made, strict=True)],
        batch_size=1000,
    )


@contextmanager
def kamailio(**changes: Any) -> Iterator[NodeProcess]:
    """Run Kamailio on the instance's database."""
    from django.db import connections  # noqa: PLC0415

    from kamailio_bridge.local.kamailio_parameters import NodeParameters, kamailio_database_url  # noqa: PLC0415
    from kamailio_bridge.local.kamailio_process import NodeProcess  # noqa: PLC0415

    options: dict[str, Any] = {
        "folder": Path(os.environ["DSIPROUTER_HOME"]) / "kamailio",
        "database_url": kamailio_database_url(connections["kamailio"].settings_dict),
        "rpc_token": TOKEN,
        "sip_port": free_port(),
        "rpc_port": free_port(),
        "environment": {"DSIPROUTER_RELOAD_DELTA": "0", "DSIPROUTER_KAMAILIO_LOG": "0"},
        "private_memory": 256,
        **changes,
    }
    with NodeProcess(NodeParameters(**options)) as process:
        yield process
