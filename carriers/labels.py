"""The labels of objects of the carriers in sentences.

All code that names an object uses these labels, for models, records of snapshots and plain values of rows alike, so
that one object has one label in warnings, previews, drift and history. Labels of endpoints have port and transport,
because two that differ only in those are two objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from django.db import models

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    ConditionPBX,
    Endpoint,
    ExtraHeader,
    InboundRoute,
    InboundRouteCarrier,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from carriers.models.routes import DEFAULT_ROUTE, EVERY_OTHER_NUMBER
from carriers.values.addresses import format_account, format_address

Values = Mapping[str, Any]  # by column, as Django names the attribute: group_id
Names = Callable[[type[models.Model], int], str]  # returns the name of a row that others refer to


class Named(Protocol):
    """A carrier group, a PBX or a condition, as a model or as a record."""

    @property
    def name(self) -> str: ...


class Reachable(Protocol):
    """An endpoint, as a model or as a record."""

    @property
    def name(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def transport(self) -> str: ...


class Account(Protocol):
    """An auth credential, as a model or as a record."""

    @property
    def username(self) -> str: ...
    @property
    def registrar(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def transport(self) -> str: ...


class Route(Protocol):
    """A route, as a model or as a record."""

    @property
    def prefix(self) -> str: ...


# --- Of models and records --------------------------------------------------------------------------------------------


def group_label(group: Named) -> str:
    return f"carrier group “{group.name}”"


def pbx_label(pbx: Named) -> str:
    return f"PBX “{pbx.name}”"


def condition_label(condition: Named) -> str:
    return f"condition “{condition.name}”"


def endpoint_label(group: Named, endpoint: Reachable) -> str:
    """Return ``carrier group “Acme”, endpoint “primary” (192.0.2.7:5060)``."""
    return f"{group_label(group)}, {own_endpoint_label(endpoint)}"


def own_endpoint_label(endpoint: Reachable) -> str:
    """Return the label of an endpoint, for a text that names its group anyway."""
    return _endpoint(endpoint.name, endpoint.host, endpoint.port, endpoint.transport)


def short_endpoint_names(endpoints: Collection[Reachable]) -> list[str]:
    """Return the names of a group's endpoints, with addresses if two have the same name."""
    count = Counter(endpoint.name for endpoint in endpoints)
    return [_short_name(endpoint, is_unique=count[endpoint.name] == 1) for endpoint in endpoints]


def account_label(credential: Account) -> str:
    """Return the account of a credential: ``1000 at sip.acme.example:5060``."""
    return format_account(credential.username, credential.registrar, credential.port, credential.transport)


def outbound_route_label(route: Route) -> str:
    return _outbound_route(route.prefix)


def inbound_route_label(route: Route) -> str:
    return _inbound_route(route.prefix)


def object_label(instance: models.Model) -> str:
    """Return the label of an object of any model, for a text that names its owner anyway."""
    return own_endpoint_label(instance) if isinstance(instance, Endpoint) else _label(type(instance), str(instance))


# --- Of routes known by prefix only -----------------------------------------------------------------------------------


def outbound_route_in_sentence(prefix: str) -> str:
    """Return the label of an outbound route with its article, for the middle of a sentence."""
    label = _outbound_route(prefix)
    return label if prefix else f"the {label}"


def inbound_route_in_sentence(prefix: str) -> str:
    """Return the label of an inbound route with its article, for the middle of a sentence."""
    label = _inbound_route(prefix)
    return label if prefix else f"the {label}"


def short_route_in_sentence(prefix: str) -> str:
    """Return the label of a route, for a sentence about one direction only."""
    return f"route {prefix}" if prefix else "the default route"


# --- Of rows, which may be deleted or not stored yet ------------------------------------------------------------------

_QUOTED = (
    CarrierGroup,
    PBX,
    Condition,
    ConditionPBX,
    OutboundRouteGroup,
    InboundRouteCarrier,
)  # their names are chosen by operators
_OWNERS: dict[type[models.Model], tuple[tuple[str, type[models.Model]], ...]] = {
    Endpoint: (("group_id", CarrierGroup),),
    SourceNetwork: (("group_id", CarrierGroup), ("pbx_id", PBX)),
    AuthCredential: (("group_id", CarrierGroup),),
    ExtraHeader: (("group_id", CarrierGroup),),
    ConditionPBX: (("condition_id", Condition),),
    OutboundRouteGroup: (("route_id", OutboundRoute),),
    InboundRouteCarrier: (("route_id", InboundRoute),),
}


def owners_of(model: type[models.Model]) -> tuple[tuple[str, type[models.Model]], ...]:
    """Return the columns of a model that refer to a row's owner, each with the owner's model."""
    return _OWNERS.get(model, ())


def owner_of(model: type[models.Model], values: Values) -> tuple[type[models.Model], int] | None:
    """Return the model and the key of a row's owner; None if it has no owner."""
    for column, owner in owners_of(model):
        if values[column] is not None:
            return owner, values[column]
    return None


def label(model: type[models.Model], values: Values, names: Names) -> str:
    """Return the label of a row with its owner: ``carrier group “Acme”, endpoint “primary” (192.0.2.7:5060)``."""
    own = _own_label(model, values, names)
    owner = owner_of(model, values)
    return f"{_label(owner[0], names(*owner))}, {own}" if owner else own


def name(model: type[models.Model], values: Values) -> str:
    """Return the name of a row for others that refer to it: its name or prefix."""
    return str(model(**values))


# --- The words --------------------------------------------------------------------------------------------------------


def _own_label(model: type[models.Model], values: Values, names: Names) -> str:
    if model is Endpoint:  # without making an object, because lists of ten thousand are compared
        return _endpoint(values["name"], values["host"], values["port"], values["transport"])
    if model in (OutboundRouteGroup, InboundRouteCarrier):  # behind the label of its route
        return _label(CarrierGroup, names(CarrierGroup, values["group_id"]))
    if model is ConditionPBX:
        return _label(PBX, names(PBX, values["pbx_id"]))
    return _label(model, name(model, values))


def _label(model: type[models.Model], text: str) -> str:
    """Return the label of an object of which only the name, its ``str()``, is known."""
    if model in _QUOTED:
        return f"{model._meta.verbose_name} “{text}”"
    if model is OutboundRoute:
        return _outbound_route("" if text == DEFAULT_ROUTE else text)
    if model is InboundRoute:
        return _inbound_route("" if text == EVERY_OTHER_NUMBER else text)
    return f"{model._meta.verbose_name} {text}"


def _endpoint(name: str, host: str, port: int | None, transport: str) -> str:
    address = format_address(host, port, transport)
    return f"endpoint “{name}” ({address})" if name else f"endpoint {address}"


def _short_name(endpoint: Reachable, *, is_unique: bool) -> str:
    if endpoint.name and is_unique:
        return endpoint.name
    address = format_address(endpoint.host, endpoint.port, endpoint.transport)
    return f"{endpoint.name} ({address})" if endpoint.name else address


def _outbound_route(prefix: str) -> str:
    return f"outbound route {prefix}" if prefix else "outbound default route"


def _inbound_route(prefix: str) -> str:
    return f"inbound route {prefix}" if prefix else "inbound route for every other number"
