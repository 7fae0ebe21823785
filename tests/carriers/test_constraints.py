"""The database itself refuses what the validators refuse, whatever wrote it, on every database engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    Endpoint,
    ExtraHeader,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    OwnTemplate,
    SourceNetwork,
)

pytestmark = pytest.mark.django_db


def group() -> CarrierGroup:
    return CarrierGroup.objects.get_or_create(name="Acme")[0]


def pbx() -> PBX:
    return PBX.objects.get_or_create(name="office", defaults={"host": "192.0.2.9"})[0]


def endpoint(**values: object) -> Endpoint:
    return Endpoint(**{"group": group(), "host": "203.0.113.7", **values})


def credential(**values: object) -> AuthCredential:
    return AuthCredential(**{"group": group(), "username": "1000", "registrar": "sip.acme.example", **values})


def own_template(**values: object) -> OwnTemplate:
    return OwnTemplate(**{"slug": "x", "name": "x", "version": 1, "date": "x", "content": "x", **values})


BAD: dict[str, Callable[[], models.Model]] = {
    "carrier_group_name_not_blank": lambda: CarrierGroup(name=""),
    "carrier_group_selection_known": lambda: CarrierGroup(name="x", selection="luck"),
    "carrier_group_no_reply_range": lambda: CarrierGroup(name="x", no_reply_timeout=11),
    "carrier_group_progress_range": lambda: CarrierGroup(name="x", progress_timeout=0),
    "carrier_group_ring_range": lambda: CarrierGroup(name="x", ring_timeout=4),
    "carrier_group_attempts_range": lambda: CarrierGroup(name="x", max_attempts=30),
    "carrier_group_redirects_known": lambda: CarrierGroup(name="x", redirects="up"),
    "carrier_group_from_user_known": lambda: CarrierGroup(name="x", from_user="luck"),
    "carrier_group_from_domain_known": lambda: CarrierGroup(name="x", from_domain="luck"),
    "carrier_group_to_domain_known": lambda: CarrierGroup(name="x", to_domain="luck"),
    "carrier_group_display_name_known": lambda: CarrierGroup(name="x", display_name="luck"),
    "carrier_group_asserted_identity_known": lambda: CarrierGroup(name="x", asserted_identity="luck"),
    "carrier_group_preferred_identity_known": lambda: CarrierGroup(name="x", preferred_identity="luck"),
    "carrier_group_remote_party_id_known": lambda: CarrierGroup(name="x", remote_party_id="luck"),
    "carrier_group_privacy_known": lambda: CarrierGroup(name="x", privacy="luck"),
    "carrier_group_diversion_known": lambda: CarrierGroup(name="x", diversion="luck"),
    "carrier_group_header_filter_known": lambda: CarrierGroup(name="x", header_filter="luck"),
    "carrier_group_privacy_hides": lambda: CarrierGroup(name="x", privacy="remove", remote_party_id="remove"),
    "extra_header_name_not_blank": lambda: ExtraHeader(group=group(), name="", value="x"),
    "extra_header_one_value": lambda: ExtraHeader(group=group(), name="X-A", value="x", secret_value_ciphertext="y"),
    "carrier_group_number_format_known": lambda: CarrierGroup(name="x", number_format="up"),
    "carrier_group_caller_format_known": lambda: CarrierGroup(name="x", caller_format="up"),
    "pbx_inbound_format_known": lambda: PBX(name="x", host="192.0.2.9", inbound_format="up"),
    "endpoint_strip_range": lambda: endpoint(strip=31),
    "endpoint_port_range": lambda: endpoint(port=0),
    "endpoint_weight_range": lambda: endpoint(weight=101),
    "endpoint_host_not_blank": lambda: endpoint(host=""),
    "endpoint_transport_known": lambda: endpoint(transport="ws"),
    "endpoint_direction_known": lambda: endpoint(direction="up"),
    "credential_username_not_blank": lambda: credential(username=""),
    "credential_registrar_to_register": lambda: credential(registrar=""),
    "credential_port_range": lambda: credential(port=0),
    "credential_expires_range": lambda: credential(expires=59),
    "credential_transport_known": lambda: credential(transport="xyz"),
    "condition_name_not_blank": lambda: Condition(name=""),
    "own_template_name_not_blank": lambda: own_template(name=""),
    "own_template_version_range": lambda: own_template(version=0),
    "pbx_name_not_blank": lambda: PBX(name="", host="192.0.2.9"),
    "pbx_host_not_blank": lambda: PBX(name="x", host=""),
    "pbx_port_range": lambda: PBX(name="x", host="192.0.2.9", port=0),
    "pbx_transport_known": lambda: PBX(name="x", host="192.0.2.9", transport="xyz"),
    "outbound_route_refuse_code_known": lambda: OutboundRoute(prefix="9", refuse_code=407),
    "route_group_share_range": lambda: OutboundRouteGroup(
        route=OutboundRoute.objects.get_or_create(prefix="8")[0], group=group(), share=101
    ),
    "source_network_one_owner": lambda: SourceNetwork(group=group(), pbx=pbx(), network="198.51.100.0/24"),
    "source_network_not_blank": lambda: SourceNetwork(group=group(), network=""),
}

TWICE: dict[str, Callable[[], models.Model]] = {
    "group name": lambda: CarrierGroup(name="twice"),
    "template name": lambda: own_template(slug=OwnTemplate.objects.count()),
    "template slug": lambda: own_template(name=f"x{OwnTemplate.objects.count()}"),
    "PBX name": lambda: PBX(name="twice", host="192.0.2.9"),
    "outbound prefix": lambda: OutboundRoute(prefix="9"),
    "default route": lambda: OutboundRoute(prefix=""),
    "inbound prefix": lambda: InboundRoute(prefix="1444", pbx=pbx()),
    "route's group": lambda: OutboundRouteGroup(
        route=OutboundRoute.objects.get_or_create(prefix="8")[0], group=group()
    ),
    "group's network": lambda: SourceNetwork(group=group(), network="198.51.100.0/24"),
    "PBX's network": lambda: SourceNetwork(pbx=pbx(), network="198.51.100.0/24"),
    "group's credential": credential,
}


@pytest.mark.parametrize("name", BAD)
def test_each_check_holds(name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        BAD[name]().save()


@pytest.mark.parametrize("name", sorted(BAD.keys() - {"source_network_one_owner"}))  # of which no person types anything
def test_validators_refuse_it_first_and_name_the_field(name: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        BAD[name]().full_clean()
    assert NON_FIELD_ERRORS not in refusal.value.message_dict


def test_no_check_is_left_out() -> None:
    checks = {
        constraint.name
        for model in apps.get_app_config("carriers").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.CheckConstraint)
    }
    assert set(BAD) == checks


def test_a_source_network_without_owner_is_refused() -> None:
    with pytest.raises(IntegrityError, match="source_network_one_owner"), transaction.atomic():
        SourceNetwork(network="198.51.100.0/24").save()


@pytest.mark.parametrize("name", TWICE)
def test_what_must_be_unique_is(name: str) -> None:
    TWICE[name]().save()
    with pytest.raises(IntegrityError), transaction.atomic():
        TWICE[name]().save()


def test_good_rows_of_every_kind_are_stored() -> None:
    for value in (endpoint(strip=30, weight=100, port=65535), credential(expires=86400)):
        value.save()
        value.refresh_from_db()
    assert Endpoint.objects.get().strip == 30
    assert AuthCredential.objects.get().expires == 86400
