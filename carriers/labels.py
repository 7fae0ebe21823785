"""How rows of carriers are called in sentences: with their owner, so that an endpoint says whose it is.

Labels are made of plain values, because what is named may be deleted already, or not stored yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from carriers.values.addresses import shown_address

Values = Mapping[str, Any]  # by column, as Django names the attribute: group_id
Names = Callable[[type[models.Model], int], str]  # says what a row that others refer to is called

_OWNERS: dict[type[models.Model], tuple[tuple[str, type[models.Model]], ...]] = {
    Endpoint: (("group_id", CarrierGroup),),
    SourceNetwork: (("group_id", CarrierGroup), ("pbx_id", PBX)),
    AuthCredential: (("group_id", CarrierGroup),),
    OutboundRouteGroup: (("route_id", OutboundRoute),),
}


def owners_of(model: type[models.Model]) -> tuple[tuple[str, type[models.Model]], ...]:
    """Return the columns in which a row names what it belongs to, each with the model of that."""
    return _OWNERS.get(model, ())


def owner_of(model: type[models.Model], values: Values) -> tuple[type[models.Model], int] | None:
    """Return the model and the key of what a row belongs to; None for what stands alone."""
    for column, owner in owners_of(model):
        if values[column] is not None:
            return owner, values[column]
    return None


def label(model: type[models.Model], values: Values, names: Names) -> str:
    """Return what a row is called: ``carrier group “Acme”, endpoint “primary” (203.0.113.7:5060)``."""
    own = _own_label(model, values, names)
    owner = owner_of(model, values)
    return f"{_named(owner[0], names(*owner))}, {own}" if owner else own


def name(model: type[models.Model], values: Values) -> str:
    """Return what others call the row that they refer to: its name or prefix."""
    return str(model(**values))


def _own_label(model: type[models.Model], values: Values, names: Names) -> str:
    if model is OutboundRouteGroup:
        return _named(CarrierGroup, names(CarrierGroup, values["group_id"]))
    if model is Endpoint:  # not by way of an object, because lists of ten thousand are loaded and compared
        address = shown_address(values["host"], values["port"], values["transport"])
        return f"endpoint “{values['name']}” ({address})" if values["name"] else f"endpoint {address}"
    return _named(model, name(model, values))


def _named(model: type[models.Model], text: str) -> str:
    noun = str(model._meta.verbose_name)
    if model in (OutboundRoute, InboundRoute):
        return f"{noun} {text}"
    return f"{noun} “{text}”" if model in (CarrierGroup, PBX) else f"{noun} {text}"
