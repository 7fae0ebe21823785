"""The number of pending changes: exact while a plan is cheap, and cached while it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from carriers.history.models import HistoryEntry
from carriers.models import CarrierGroup
from kamailio_bridge.plan import pending
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import store_revision
from kamailio_bridge.tables.models import Htable
from kamailio_bridge.tables.reading import TablesUnreadable
from tests.kamailio_bridge.builders import make_group

in_a_transaction = pytest.mark.django_db(databases=["default", "kamailio"])
committed = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def every_plan_is_expensive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every plan seem to take long, so that its count is kept."""
    monkeypatch.setattr(pending, "CHEAP_SECONDS", -1)


@in_a_transaction
def test_a_cheap_count_is_always_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "CHEAP_SECONDS", 3600)
    before = pending.pending_changes()
    make_group("Acme", "127.0.0.21")
    assert pending.pending_changes() > before


@in_a_transaction
@pytest.mark.usefixtures("every_plan_is_expensive")
def test_an_expensive_count_is_kept_until_the_site_changes_something() -> None:
    group = make_group("Acme", "127.0.0.21")
    before = pending.pending_changes()
    CarrierGroup.objects.update(enabled=False)  # past all that records a history
    assert pending.pending_changes() == before > 1
    group.save()
    group.endpoints.first().delete()
    after = pending.pending_changes()
    assert after < before
    CarrierGroup.objects.update(enabled=True)
    make_group("Other", "127.0.0.22")
    before = pending.pending_changes()
    CarrierGroup.objects.update(enabled=False)
    assert pending.pending_changes() == before
    Revision.objects.create()
    assert pending.pending_changes() < before


@in_a_transaction
@pytest.mark.usefixtures("every_plan_is_expensive")
def test_an_entry_that_becomes_visible_while_another_is_applied_is_noticed() -> None:
    """Neither the number of pending entries nor the newest key changes then."""
    make_group("Acme", "127.0.0.21")
    make_group("Other")
    early, middle, _newest = HistoryEntry.objects.order_by("pk")
    HistoryEntry.objects.filter(pk=early.pk).update(applied_number=1)
    before = pending.pending_changes()
    CarrierGroup.objects.update(enabled=False)
    HistoryEntry.objects.filter(pk=early.pk).update(applied_number=None)
    HistoryEntry.objects.filter(pk=middle.pk).update(applied_number=1)
    assert pending.pending_changes() < before


@in_a_transaction
@pytest.mark.usefixtures("every_plan_is_expensive")
def test_an_apply_that_was_killed_after_it_wrote_the_tables_is_noticed() -> None:
    make_group("Acme", "127.0.0.21")
    revision = Revision.objects.create(outcome=Revision.Outcome.WRITING)
    assert pending.pending_changes() > 0
    write(make_plan())
    store_revision(revision.number)
    assert pending.pending_changes() == 0


@in_a_transaction
@pytest.mark.usefixtures("every_plan_is_expensive")
def test_metrics_keep_an_expensive_count_longer_than_pages() -> None:
    make_group("Acme", "127.0.0.21")
    before = pending.pending_changes()
    CarrierGroup.objects.update(enabled=False)
    assert pending.pending_changes(pending.LONGEST_SECONDS) == before
    assert pending.pending_changes(patience=0) < before


class Clock:
    """A wall clock that a test sets. It has no time since the start of the machine, which no other host knows."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return 0.0


@in_a_transaction
@pytest.mark.usefixtures("every_plan_is_expensive")
@pytest.mark.parametrize(("seconds", "is_kept"), [(29, True), (31, False), (-29, True), (-31, False)])
def test_the_age_of_a_count_is_told_by_the_wall_clock(
    monkeypatch: pytest.MonkeyPatch, seconds: int, is_kept: bool
) -> None:
    """Hosts that share a cache have the same wall clock, give or take; one that was set back must not keep a count."""
    monkeypatch.setattr(pending, "time", clock := Clock(1_800_000_000))
    make_group("Acme", "127.0.0.21")
    before = pending.pending_changes()
    CarrierGroup.objects.update(enabled=False)
    clock.now += seconds
    assert (pending.pending_changes() == before) is is_kept


@in_a_transaction
def test_tables_that_can_not_be_read_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    list(Htable.objects.order_by("pk"))  # Django keeps the table's name with each column, for the tests that follow
    monkeypatch.setattr(Htable._meta, "db_table", "no_such_table")
    with (
        transaction.atomic(using="kamailio"),
        pytest.raises(TablesUnreadable, match=r"Kamailio's tables can't be read"),
    ):
        pending.pending_changes()


# --- While somebody saves ---------------------------------------------------------------------------------------------


def in_the_header(client: Client) -> int:
    return int(client.get("/admin/kamailio/waiting/count/").json()["count"])


def in_the_metrics(client: Client) -> int:
    text = client.get("/metrics", headers={"authorization": "Bearer token-of-prometheus"}).content.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("dsiprouter_waiting_changes ")]
    return int(float(line.partition(" ")[2]))


@committed
@pytest.mark.usefixtures("every_plan_is_expensive")
@pytest.mark.parametrize("shown", [in_the_header, in_the_metrics])
def test_a_save_counts_as_soon_as_it_is_committed(
    admin_client: Client, settings: Settings, shown: Callable[[Client], int]
) -> None:
    """On MariaDB a transaction that began to write first may be the last to commit."""
    settings.DSIPROUTER_METRICS_TOKEN, settings.DSIPROUTER_RPC_PORT = "token-of-prometheus", 1
    saved, commit = Event(), Event()
    # Names of its own: MariaDB locks what lies beside a deleted name that is used again.
    slow_name, quick_name = f"slow {shown.__name__}", f"quick {shown.__name__}"

    def save_slowly() -> None:
        try:
            with transaction.atomic():
                make_group(slow_name, "203.0.113.1")
                saved.set()
                assert commit.wait(60)
        finally:
            connections.close_all()

    make_group("Acme", "203.0.113.2")
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(save_slowly)
        try:
            assert saved.wait(60)
            if connection.vendor == "mysql":  # on SQLite the second writer waits for the first
                make_group(quick_name, "203.0.113.3")
            before = shown(admin_client)
            assert before == make_plan().count > 0
        finally:
            commit.set()
        slow.result()
    assert shown(admin_client) == make_plan().count > before
    if connection.vendor == "mysql":
        groups = HistoryEntry.objects.filter(content_type__model="carriergroup").order_by("pk")
        labels = list(groups.values_list("object_repr", flat=True))
        assert labels == [f"carrier group “{name}”" for name in ("Acme", slow_name, quick_name)]
