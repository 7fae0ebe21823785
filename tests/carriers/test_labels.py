"""One object has one label, whether a model, a record or a row's values are named."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from carriers.labels import (
    account_label,
    endpoint_label,
    group_label,
    inbound_route_in_sentence,
    inbound_route_label,
    label,
    object_label,
    outbound_route_in_sentence,
    outbound_route_label,
    own_endpoint_label,
    pbx_label,
    short_endpoint_names,
)
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
from tests.kamailio_bridge import records

ACME = CarrierGroup(pk=1, name="Acme")
ROUTE, DEFAULT = OutboundRoute(pk=1, prefix="9"), OutboundRoute(pk=2)


def of_values(instance: models.Model) -> str:
    """Return the label that the history makes of an object's values, with its owner in front."""
    values = {column.attname: getattr(instance, column.attname) for column in instance._meta.concrete_fields}
    owners: dict[Any, models.Model] = {(CarrierGroup, 1): ACME, (OutboundRoute, 1): ROUTE, (OutboundRoute, 2): DEFAULT}
    return label(type(instance), values, lambda model, pk: str(owners[model, pk]))


@pytest.mark.parametrize(
    ("model", "record", "named"),
    [
        (ACME, records.group(1, name="Acme"), group_label),
        (PBX(name="office"), records.pbx(1, name="office"), pbx_label),
        (ROUTE, records.outbound(1, "9"), outbound_route_label),
        (DEFAULT, records.outbound(2, ""), outbound_route_label),
        (InboundRoute(prefix="1444"), records.inbound(1, "1444", 1), inbound_route_label),
        (InboundRoute(), records.inbound(1, "", 1), inbound_route_label),
    ],
)
def test_models_records_and_values_have_one_label(model: models.Model, record: Any, named: Any) -> None:
    assert named(model) == named(record) == object_label(model) == of_values(model)


@pytest.mark.parametrize("name", ["", "primary"])
@pytest.mark.parametrize(("host", "port", "transport"), [("203.0.113.7", 5060, "udp"), ("2001:db8::1", 5061, "tcp")])
def test_an_endpoint_has_one_label(name: str, host: str, port: int, transport: str) -> None:
    values: dict[str, Any] = {"name": name, "port": port, "transport": transport}
    model = Endpoint(group=ACME, host=host, **values)
    record, group = records.endpoint(1, host, **values), records.group(1, name="Acme")
    assert own_endpoint_label(model) == own_endpoint_label(record) == object_label(model)
    assert endpoint_label(ACME, model) == endpoint_label(group, record) == of_values(model)
    assert model.address in own_endpoint_label(record)


def test_parts_are_named_with_their_owner() -> None:
    credential = AuthCredential(group=ACME, username="1000", registrar="sip.acme.example", transport="tcp")
    assert of_values(credential) == "carrier group “Acme”, auth credential 1000 at sip.acme.example:5060/tcp"
    assert of_values(credential).endswith(account_label(records.credential(1, transport="tcp")))
    network = SourceNetwork(group=ACME, network="192.0.2.0/24")
    assert of_values(network) == "carrier group “Acme”, source network 192.0.2.0/24"
    assert of_values(OutboundRouteGroup(route=DEFAULT, group=ACME)) == "outbound default route, carrier group “Acme”"


def test_routes_within_a_sentence_have_their_article() -> None:
    assert outbound_route_in_sentence("9") == "outbound route 9"
    assert outbound_route_in_sentence("") == "the outbound default route"
    assert inbound_route_in_sentence("1444") == "inbound route 1444"
    assert inbound_route_in_sentence("") == "the inbound route for every other number"


def test_short_names_have_the_address_where_two_would_be_the_same() -> None:
    endpoints = [
        records.endpoint(1, name="trunk"),
        records.endpoint(2, name="trunk", transport="tcp"),
        records.endpoint(3, name="spare"),
        records.endpoint(4),
        records.endpoint(5, transport="tcp"),
    ]
    assert short_endpoint_names(endpoints) == [
        "trunk (203.0.113.7:5060)",
        "trunk (203.0.113.7:5060/tcp)",
        "spare",
        "203.0.113.7:5060",
        "203.0.113.7:5060/tcp",
    ]
