"""With which revision each change was applied."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from carriers.history.milestones import milestones_of
from carriers.history.models import HistoryEntry
from carriers.models import Endpoint
from kamailio_bridge.apply import apply
from kamailio_bridge.revisions import Revision
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def applied_with() -> list[str | None]:
    """Return for each entry of the history, the oldest first, with what it was applied."""
    moments = HistoryEntry.objects.order_by("pk").values_list("timestamp", flat=True)
    stones = milestones_of(moments)
    return [stone.label if (stone := stones[moment]) else None for moment in moments]


def test_each_change_was_applied_with_the_next_revision() -> None:
    make_route("9", make_group("Acme", "203.0.113.7"))
    first = apply(author=None, nodes=[]).revision
    endpoint = Endpoint.objects.get()
    endpoint.strip = 1
    endpoint.save()
    failed = Revision.objects.create(outcome=Revision.Outcome.FAILED, carriers_read=timezone.now())
    second = apply(author=None, nodes=[]).revision
    assert failed.number != second
    endpoint.strip = 2
    endpoint.save()
    assert applied_with() == [*[f"revision {first}"] * 4, f"revision {second}", None]


def test_no_changes_have_no_milestones() -> None:
    assert milestones_of([]) == {}


def test_the_name_of_a_revision_s_author_stays() -> None:
    author = get_user_model().objects.create_user("ada")
    make_route("9", make_group("Acme", "203.0.113.7"))
    number = apply(author=author, nodes=[]).revision
    author.delete()
    revision = Revision.objects.get(pk=number)
    assert (revision.author, revision.author_name) == (None, "ada")
