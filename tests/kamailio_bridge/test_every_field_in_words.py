"""No field is forgotten: a change of any field is named by the preview, the history, pages that merge, and drift.

The fields are those of the models, so that a new one is tested as soon as it exists.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from auditlog.registry import auditlog
from django.db import models

from carriers.admin.simultaneous_edits.page_state import states_of
from carriers.admin.simultaneous_edits.wording import Wording
from carriers.fields import DialPrefixField, NetworkField, SipHostField
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
from carriers.passwords.encryption import encrypt
from carriers.snapshots.differences import differences
from carriers.snapshots.records import carriers_of
from carriers.snapshots.state import CIPHERTEXTS, MODELS, State, columns_of, key_of
from kamailio_bridge.modules import MODULES
from kamailio_bridge.preview.carrier_changes import changes_in_words
from kamailio_bridge.preview.summary import NO_CARRIERS
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.row_words import row_changes_in_words
from kamailio_bridge.rows.types import Table

COLUMNS = [(model, column) for model in MODELS for column in model._meta.concrete_fields if not column.primary_key]
TABLES = [table for module in MODULES.values() for table in module.tables]
every_field = pytest.mark.parametrize(("model", "column"), COLUMNS, ids=str)


def objects() -> dict[type[models.Model], list[models.Model]]:
    """Return two objects of each kind that others refer to, and what belongs to the first of them."""
    groups = [CarrierGroup(pk=pk, name=f"Carrier {pk}") for pk in (1, 2)]
    pbxs = [PBX(pk=pk, name=f"PBX {pk}", host="192.0.2.9") for pk in (1, 2)]
    conditions = [Condition(pk=pk, name=f"Condition {pk}", any_pbx=False) for pk in (1, 2)]
    routes = [OutboundRoute(pk=pk, prefix=str(pk)) for pk in (1, 2)]
    credential = AuthCredential(pk=1, group=groups[0], username="1000", registrar="sip.acme.example")
    credential.password_ciphertext = encrypt("a password")
    headers = [
        ExtraHeader(pk=1, group=groups[0], name="X-A", value="a"),
        ExtraHeader(pk=2, group=groups[0], name="X-B"),
    ]
    headers[1].set_secret_value("a token")
    return {
        CarrierGroup: [*groups],
        Endpoint: [Endpoint(pk=pk, group=groups[0], host=f"203.0.113.{pk}", position=pk) for pk in (1, 2)],
        PBX: [*pbxs],
        SourceNetwork: [SourceNetwork(pk=1, group=groups[0], network="198.51.100.0/24")],
        AuthCredential: [credential],
        ExtraHeader: [*headers],
        Condition: [*conditions],
        ConditionPBX: [ConditionPBX(pk=1, condition=conditions[0], pbx=pbxs[0])],
        OutboundRoute: [*routes],
        OutboundRouteGroup: [
            OutboundRouteGroup(pk=pk, route=routes[0], group=groups[pk - 1], position=pk) for pk in (1, 2)
        ],
        InboundRoute: [InboundRoute(pk=pk, prefix=f"144{pk}", pbx=pbxs[0]) for pk in (1, 2)],
        InboundRouteCarrier: [
            InboundRouteCarrier(pk=1, route_id=1, group=groups[0], pbx=pbxs[0]),
        ],
    }


def change(instance: models.Model, column: models.Field) -> None:
    """Give a field another value that makes sense."""
    setattr(instance, column.attname, another_value(column, getattr(instance, column.attname)))
    if isinstance(instance, SourceNetwork) and column.is_relation:  # it has one owner
        other = "pbx_id" if column.attname == "group_id" else "group_id"
        setattr(instance, other, 1 if other == "pbx_id" else None)


def another_value(column: models.Field, value: Any) -> Any:
    if column.name == "password_ciphertext":
        return encrypt("another password")
    if column.is_relation:
        return 1 if value is None else 2 if not column.null else None
    if column.flatchoices:
        return next(choice for choice, _ in reversed(column.flatchoices) if choice != value)
    if isinstance(column, models.BooleanField):
        return not value
    if isinstance(column, models.IntegerField):
        return 7 if value is None else value + 7
    others: dict[type[models.Field], str] = {SipHostField: "other.example", NetworkField: "198.51.100.0/25"}
    return others.get(type(column), f"{value}{'0' if isinstance(column, DialPrefixField) else 'x'}")


def state_of(found: dict[type[models.Model], list[models.Model]]) -> State:
    return {
        key_of(model): {
            "columns": columns_of(model),
            "rows": [tuple(getattr(each, name) for name in columns_of(model)) for each in found[model]],
        }
        for model in MODELS
    }


def states(model: type[models.Model], column: models.Field) -> tuple[State, State]:
    """Return the state before and after one field of one object changed."""
    before = objects()
    if column.name == "refuse_reason":  # which a route has with a code only
        before[OutboundRoute][0].refuse_code = 403  # type: ignore[attr-defined]
    after = copy.deepcopy(before)
    change(after[model][0], column)
    return state_of(before), state_of(after)


@every_field
def test_preview(model: type[models.Model], column: models.Field) -> None:
    before, after = map(carriers_of, states(model, column))
    reported = changes_in_words(before, after)
    assert reported, f"The preview says nothing of {column}: is it in carriers/snapshots/records.py?"
    for each in reported:
        assert each.details, each
        for detail in each.details:
            assert detail.strip()
            assert not detail.rstrip().endswith(":"), detail
            new, _, old = detail.removesuffix(")").partition(" (before: ")
            assert new != old, detail


@every_field
def test_preview_of_a_new_object(model: type[models.Model], column: models.Field) -> None:
    before, after = (
        [line for each in changes_in_words(NO_CARRIERS, carriers_of(state)) for line in each.lines()]
        for state in states(model, column)
    )
    assert (before != after) == (column.name not in ("password_ciphertext", "client_key_ciphertext")), before


@every_field
def test_history(model: type[models.Model], column: models.Field) -> None:
    (found,) = differences(*states(model, column))
    assert found.model is model
    assert column.name in found.fields
    words = "password changed" if column.name == "password_ciphertext" else f"{column.verbose_name} "
    assert words in str(found).partition(": ")[2]
    assert column.name in auditlog.get_model_fields(model)["include_fields"]


@every_field
@pytest.mark.django_db
def test_pages_that_merge(model: type[models.Model], column: models.Field) -> None:
    for kind, stored in objects().items():  # to which the names of related objects belong
        kind._default_manager.bulk_create(stored)
    before, after = objects()[model][0], objects()[model][0]
    change(after, column)
    reported = Wording(model, lambda _model, _pk: "ada").changed("1", states_of([before])["1"], states_of([after])["1"])
    secrets = {name: f"the {name.removesuffix('_ciphertext').replace('_', ' ')}" for name in CIPHERTEXTS.values()}
    words = secrets.get(column.name, f"{column.verbose_name} from ")
    assert words in reported.partition(": ")[2]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_and_drift(table: Table) -> None:
    before = tuple(
        1 if isinstance(table.model._meta.get_field(column), models.IntegerField) else "a" for column in table.columns
    )
    for place, column in enumerate(table.columns[1:], start=1):
        other = 2 if isinstance(before[place], int) else "b"
        after = (*before[:place], other, *before[place + 1 :])
        shown = ("(secret)", "(secret)") if column in table.secret else (str(before[place]), str(other))
        drift = RowDrift(table, 1, "changed", "label", before, after)
        assert drift.columns == [(column, *shown)]
        assert str(drift).endswith(f": {column} is {shown[1]} instead of {shown[0]}")
        assert row_changes_in_words(table, before, after) == [f"{column}={shown[0]} -> {shown[1]}"]
