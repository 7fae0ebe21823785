"""The functions that write carriers: validated, and all or nothing."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from carriers.services import NewCredential, add_carrier_group, add_endpoint, set_enabled
from carriers.values.addresses import parse_sip_address

pytestmark = pytest.mark.django_db

ADDRESS = parse_sip_address("203.0.113.7:5070")
CREDENTIAL = NewCredential("1000", "correct-horse-battery", parse_sip_address("sip.acme.example"))


def test_a_group_with_everything() -> None:
    group = add_carrier_group(name=" Acme ", endpoint=ADDRESS, sources=["198.51.100.0/24"], credential=CREDENTIAL)
    assert group.name == "Acme"
    # The operator named an endpoint, so the registrar does not become one.
    assert [(e.host, e.port, e.position) for e in group.endpoints.all()] == [("203.0.113.7", 5070, 1)]
    assert group.credential.has_password
    assert group.sources.get().network == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "TAKEN"}, "name"),
        ({"endpoint": ADDRESS._replace(host="a b")}, "host"),
        ({"endpoint": ADDRESS._replace(port=70000)}, "port"),
        ({"sources": ["198.51.100.0/24", "198.51.100.5/24"]}, "network"),
        ({"credential": CREDENTIAL._replace(username="a b")}, "username"),
        ({"credential": CREDENTIAL._replace(password="")}, "password"),
        ({"credential": CREDENTIAL._replace(registrar=ADDRESS._replace(host="999.1.1.1"))}, "registrar"),
    ],
)
def test_nothing_is_stored_when_a_part_is_wrong(wrong: dict[str, object], field: str) -> None:
    CarrierGroup.objects.create(name="Taken")
    right: dict[str, object] = {"name": "Acme", "endpoint": ADDRESS, "sources": [], "credential": CREDENTIAL}
    with pytest.raises(ValidationError) as refusal:
        add_carrier_group(**{**right, **wrong})  # type: ignore[arg-type]
    assert list(refusal.value.message_dict) == [field]
    assert [model.objects.count() for model in (CarrierGroup, Endpoint, SourceNetwork, AuthCredential)] == [1, 0, 0, 0]


def test_an_endpoint_goes_behind_the_last_one() -> None:
    group = CarrierGroup.objects.create(name="Acme")
    Endpoint.objects.create(group=group, host="a.example", position=7)
    assert add_endpoint(group=group, address=ADDRESS).position == 8


def test_only_groups_that_change_are_returned() -> None:
    on = CarrierGroup.objects.create(name="on")
    off = CarrierGroup.objects.create(name="off", enabled=False)
    assert set_enabled(groups=CarrierGroup.objects.all(), enabled=False) == [on]
    assert not CarrierGroup.objects.filter(enabled=True).exists()
    assert {group.pk for group in set_enabled(groups=CarrierGroup.objects.all(), enabled=True)} == {on.pk, off.pk}
