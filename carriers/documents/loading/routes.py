"""The steps of a load for routes and their conditions, which name other objects of the document or of the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models

from carriers.carrier_history import delete_recorded
from carriers.documents.items import Item
from carriers.documents.loading.storing import BATCH, by_owner, store
from carriers.models import (
    PBX,
    CarrierGroup,
    Condition,
    ConditionPBX,
    InboundRoute,
    InboundRouteCarrier,
    OutboundRoute,
    OutboundRouteGroup,
)
from carriers.models.conditions import condition_errors
from carriers.values.names import name_key

if TYPE_CHECKING:
    from carriers.documents.loading.loader import Loader


def load_conditions(loader: Loader) -> list[Any]:
    """Load the conditions; return those to delete once no route has them any more."""
    known = loader.names(PBX, loader.document.pbxs)
    entries = by_owner(ConditionPBX.objects.order_by("pk").select_related("condition"), "condition", "name")
    present = {name_key(name): found for name, found in entries.items()}
    items = loader.document.conditions
    for item in items or []:
        if item.pbxs is not None:
            item.group_keys = [loader.find(known, name, f"{item.place}.pbxs", "PBX") for name in item.pbxs]
            stored = [entry.pbx_id for entry in present.get(name_key(str(item.values.get("name", ""))), [])]
            item.lists_changed = sorted(stored) != sorted(pk for pk in item.group_keys if pk is not None)
    superfluous: list[Any] = []
    pairs = loader.section(Condition, "name", items, "conditions", superfluous=superfluous)
    for item, condition in pairs:
        for name, error in condition_errors(condition).items():
            loader.problems.add_error(item.place_of(name), error)
    _replace_parts(
        loader,
        pairs,
        ConditionPBX,
        "condition_id",
        lambda item: [ConditionPBX(pbx_id=pk) for pk in item.group_keys if pk is not None],
    )
    return superfluous


def load_outbound_routes(loader: Loader) -> None:
    """Load the outbound routes, each with its carrier groups in order."""
    known = loader.names(CarrierGroup, loader.document.carrier_groups)
    conditions = loader.names(Condition, loader.document.conditions)
    stored = by_owner(OutboundRouteGroup.objects.order_by("position", "pk").select_related("route"), "route", "prefix")
    for item in loader.document.outbound_routes or []:
        if item.names_condition:
            place = f"{item.place}.condition"
            pk = loader.find(conditions, item.condition, place, "condition") if item.condition else None
            item.values["condition_id"] = pk
        if item.groups is not None:
            place = f"{item.place}.groups"
            item.group_keys = [loader.find(known, name, place, "carrier group") for name in item.groups]
            item.condition_keys = [
                None if name is None else loader.find(conditions, name, place, "condition") for name in item.conditions
            ]
            present = [
                (entry.group_id, entry.share, entry.condition_id) for entry in stored.get(item.values.get("prefix"), [])
            ]
            item.lists_changed = present != _entries(item)
    _refuse_groups_of_refusing_routes(loader, stored)
    routes = loader.section(OutboundRoute, "prefix", loader.document.outbound_routes, "outbound routes")
    _replace_parts(
        loader,
        routes,
        OutboundRouteGroup,
        "route_id",
        lambda item: [
            OutboundRouteGroup(group_id=group, position=position, share=share, condition_id=condition)
            for position, (group, share, condition) in enumerate(_entries(item), start=1)
            if group is not None
        ],
    )


def load_inbound_routes(loader: Loader) -> None:
    """Load the inbound routes, each with the carrier groups whose calls go to another PBX."""
    known = loader.names(PBX, loader.document.pbxs)
    groups = loader.names(CarrierGroup, loader.document.carrier_groups)
    stored = set(InboundRoute.objects.values_list("prefix", flat=True))
    present = by_owner(InboundRouteCarrier.objects.order_by("pk").select_related("route"), "route", "prefix")
    for item in loader.document.inbound_routes or []:
        if item.pbx is not None:
            item.values["pbx_id"] = loader.find(known, item.pbx, f"{item.place}.pbx", "PBX")
        elif "pbx" not in item.refused and item.values.get("prefix") not in stored:
            item.refuse("pbx", "this key is missing.", loader.problems)
        if item.carriers is not None:
            place = f"{item.place}.by_carrier"
            item.carrier_keys = [
                (loader.find(groups, group, place, "carrier group"), loader.find(known, pbx, place, "PBX"))
                for group, pbx in item.carriers
            ]
            before = {entry.group_id: entry.pbx_id for entry in present.get(item.values.get("prefix"), [])}
            item.lists_changed = before != dict(item.carrier_keys)
    routes = loader.section(InboundRoute, "prefix", loader.document.inbound_routes, "inbound routes")
    _replace_parts(
        loader,
        routes,
        InboundRouteCarrier,
        "route_id",
        lambda item: [
            InboundRouteCarrier(group_id=group, pbx_id=pbx)
            for group, pbx in item.carrier_keys
            if group is not None and pbx is not None
        ],
    )


def _entries(item: Item) -> list[tuple[int | None, int | None, int | None]]:
    return list(zip(item.group_keys, item.shares, item.condition_keys, strict=True))


def _replace_parts(
    loader: Loader,
    pairs: list[tuple[Item, Any]],
    model: type[models.Model],
    owner: str,
    parts_of: Callable[[Item], list[Any]],
) -> None:
    """Replace the parts of the objects whose lists changed. Without problems, all that an item names was found."""
    if loader.problems.sentences:
        return
    changed = [(item, found) for item, found in pairs if item.lists_changed]
    parts = [(found, part) for item, found in changed for part in parts_of(item)]
    for found, part in parts:
        setattr(part, owner, found.pk)
    keys = [found.pk for _, found in changed]
    for start in range(0, len(keys), BATCH):
        delete_recorded(model._default_manager.filter(**{f"{owner}__in": keys[start : start + BATCH]}))
    store([part for _, part in parts], [])


def _refuse_groups_of_refusing_routes(loader: Loader, stored: dict[Any, list[Any]]) -> None:
    """Refuse routes with both carrier groups and a refusal; stored values count where the document has none."""
    refusing = set(OutboundRoute.objects.filter(refuse_code__isnull=False).values_list("prefix", flat=True))
    for item in loader.document.outbound_routes or []:
        prefix = item.values.get("prefix")
        refuses = item.values["refuse_code"] is not None if "refuse_code" in item.values else prefix in refusing
        has_groups = bool(stored.get(prefix)) if item.groups is None else bool(item.groups)
        if refuses and has_groups:
            sentence = "a route that refuses its calls has no carrier groups: write groups: [], or refuse: null."
            item.refuse("refuse", sentence, loader.problems)
