"""With which revision each change was applied."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils import timezone

from carriers.history.milestones import milestones_of
from carriers.history.models import HistoryEntry
from carriers.history.recording import changes_not_applied
from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def applied_with() -> list[str | None]:
    """Return for each entry of the history, the oldest first, with what it was applied."""
    numbers = HistoryEntry.objects.order_by("pk").values_list("applied_number", flat=True)
    milestones = milestones_of(numbers)
    return [milestones[number].label if number is not None else None for number in numbers]


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


def test_no_clock_is_asked() -> None:
    """Whoever saves and whoever applies may have clocks that differ by hours, either way."""
    numbers = []
    for hours in (5, -5):
        make_route(f"9{hours % 7}", make_group(f"Acme {hours}", "203.0.113.7"))
        HistoryEntry.objects.filter(applied_number=None).update(timestamp=timezone.now() + timedelta(hours=hours))
        numbers.append(apply(author=None, nodes=[]).revision)
    assert applied_with() == [f"revision {number}" for number in numbers for _ in range(4)]
    assert changes_not_applied() == []


def test_what_was_left_out_was_not_applied() -> None:
    make_route("9", make_group("Acme", "203.0.113.7"))
    backup = make_group("Backup", "203.0.113.8")
    make_route("8", backup)
    taken = Dispatcher.objects.create(pk=9999, setid=backup.pk, destination="sip:203.0.113.9", description="other")
    first = apply(author=None, nodes=[]).revision
    assert applied_with() == [*[f"revision {first}"] * 4, *[None] * 4]
    taken.delete()
    second = apply(author=None, nodes=[]).revision
    assert applied_with() == [*[f"revision {first}"] * 4, *[f"revision {second}"] * 4]


def test_an_apply_that_was_killed_before_it_could_say_so() -> None:
    """Nothing is left to do then, and the changes are in force."""
    make_route("9", make_group("Acme", "203.0.113.7"))
    number = apply(author=None, nodes=[]).revision
    HistoryEntry.objects.update(applied_number=None)
    Revision.objects.update(outcome=Revision.Outcome.WRITING)
    assert apply(author=None, nodes=[]).outcome == "nothing"
    assert applied_with() == [f"revision {number}"] * 4


def test_no_changes_have_no_milestones() -> None:
    assert milestones_of([]) == {}


def test_the_name_of_a_revision_s_author_stays() -> None:
    author = get_user_model().objects.create_user("ada")
    make_route("9", make_group("Acme", "203.0.113.7"))
    number = apply(author=author, nodes=[]).revision
    author.delete()
    revision = Revision.objects.get(pk=number)
    assert (revision.author, revision.author_name) == (None, "ada")


def test_changes_of_before_the_upgrade_keep_their_revisions() -> None:
    migration = import_module("kamailio_bridge.migrations.0010_mark_applied_entries")
    make_route("9", make_group("Acme", "203.0.113.7"))
    first = apply(author=None, nodes=[]).revision
    make_route("8", CarrierGroup.objects.get())
    second = apply(author=None, nodes=[]).revision
    make_route("7", CarrierGroup.objects.get())
    before = applied_with()
    HistoryEntry.objects.update(applied_number=None)
    migration.mark_entries(apps, None)
    assert applied_with() == before == [*[f"revision {first}"] * 4, *[f"revision {second}"] * 2, None, None]
