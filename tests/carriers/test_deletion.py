"""What is deleted with a carrier group or PBX, on every database engine."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.models import PBX, CarrierGroup, SourceNetwork

pytestmark = pytest.mark.django_db


@pytest.fixture
def sources() -> None:
    """A group and a PBX with two sources each."""
    group, pbx = CarrierGroup.objects.create(name="Acme"), PBX.objects.create(name="office", host="192.0.2.9")
    for network in ("192.0.2.0/24", "198.51.100.0/24"):
        SourceNetwork.objects.create(group=group, network=network)
        SourceNetwork.objects.create(pbx=pbx, network=network)


@pytest.mark.parametrize("owner", [CarrierGroup, PBX])
def test_sources_go_with_their_owner_and_no_other_does(owner: type[CarrierGroup] | type[PBX], sources: None) -> None:
    """On MariaDB, too, where Django's CASCADE would first take the owner away, which the database refuses."""
    owner.objects.get().delete()
    kept = "pbx" if owner is CarrierGroup else "group"
    assert SourceNetwork.objects.count() == 2
    assert SourceNetwork.objects.filter(**{f"{kept}__isnull": False}).count() == 2


def test_a_source_never_loses_its_owner_on_the_way(sources: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        CarrierGroup.objects.all().delete()
    assert not [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
