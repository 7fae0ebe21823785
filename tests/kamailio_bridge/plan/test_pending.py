"""The count in the header: exact while a plan is cheap, remembered while it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from carriers.models import CarrierGroup
from kamailio_bridge.plan import pending as waiting
from kamailio_bridge.revisions.models import Revision
from tests.kamailio_bridge.builders import make_group

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def test_a_cheap_count_is_always_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHEAP_SECONDS", 3600)
    before = waiting.waiting_changes()
    make_group("Acme", "127.0.0.21")
    assert waiting.waiting_changes() > before


def test_a_dear_count_is_kept_until_the_site_knows_of_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHEAP_SECONDS", -1)
    group = make_group("Acme", "127.0.0.21")
    before = waiting.waiting_changes()
    CarrierGroup.objects.update(enabled=False)  # past all that records a history
    assert waiting.waiting_changes() == before > 1
    group.save()
    group.endpoints.first().delete()
    after = waiting.waiting_changes()
    assert after < before
    CarrierGroup.objects.update(enabled=True)
    make_group("Other", "127.0.0.22")
    before = waiting.waiting_changes()
    CarrierGroup.objects.update(enabled=False)
    assert waiting.waiting_changes() == before
    Revision.objects.create()
    assert waiting.waiting_changes() < before


def test_metrics_keep_a_dear_count_longer_than_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "CHEAP_SECONDS", -1)
    make_group("Acme", "127.0.0.21")
    before = waiting.waiting_changes()
    CarrierGroup.objects.update(enabled=False)
    assert waiting.waiting_changes(waiting.MOST_SECONDS) == before
    assert waiting.waiting_changes(patience=0) < before
