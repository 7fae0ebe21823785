"""The stored rows of carriers, to compare before and after a load."""

from __future__ import annotations

from typing import Any

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    ExtraHeader,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)

ALL = (
    CarrierGroup,
    Endpoint,
    SourceNetwork,
    AuthCredential,
    ExtraHeader,
    PBX,
    OutboundRoute,
    OutboundRouteGroup,
    InboundRoute,
)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row with its key, by model."""
    return {model.__name__: list(model._default_manager.order_by("pk").values_list()) for model in ALL}


def keys() -> dict[str, list[int]]:
    """Return the primary keys, by model."""
    return {name: [row[0] for row in found] for name, found in rows().items()}


def is_empty() -> bool:
    return not any(rows().values())
