"""Two operators answer the same drift at once, one by *Accept*, one by *Restore*: one of them is told to wait."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from carriers.models import Endpoint
from kamailio_bridge.apply.accept_drift import DriftChanged, accept_drift
from kamailio_bridge.apply.lock import Busy, LockLost, apply_lock
from kamailio_bridge.apply.operations import apply, restore
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.revisions.models import ApplyLock, Revision
from kamailio_bridge.tables.models import Dispatcher
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]


@pytest.fixture
def endpoint() -> Endpoint:
    """An endpoint whose row somebody changed after it was applied."""
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    assert apply(author=None, nodes=[]).revision
    endpoint = group.endpoints.get()
    Dispatcher.objects.filter(pk=endpoint.pk).update(destination="sip:203.0.113.70:5060")
    return endpoint


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


class Pause:
    """A place where one thread waits until the other lets it go on."""

    def __init__(self) -> None:
        self.reached, self.over = Event(), Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.over.wait(60)


def accept(author: User, endpoint: Endpoint, seen: str) -> Any:
    return accept_drift(author=author, table="dispatcher", key=str(endpoint.pk), seen=seen)


def host_of(endpoint: Endpoint) -> str:
    return Endpoint.objects.get(pk=endpoint.pk).host


def test_while_one_accepts_nobody_restores(endpoint: Endpoint, ada: User) -> None:
    seen, pause = read_drift().digest, Pause()

    def pause_at_the_first_look(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if Revision._meta.db_table in sql and not pause.reached.is_set():
            pause()
        return execute(sql, *rest)

    def accept_slowly() -> Any:
        try:
            with connections["default"].execute_wrapper(pause_at_the_first_look):
                return accept(ada, endpoint, seen)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        accepting = other.submit(accept_slowly)
        try:
            assert pause.reached.wait(60)
            result = restore(author=None, seen=seen)
        finally:
            pause.over.set()
        assert accepting.result() == endpoint.group
    assert result.outcome == "busy"
    assert result.sentence.startswith("ada on ")
    assert Dispatcher.objects.get(pk=endpoint.pk).destination == "sip:203.0.113.70:5060"
    assert host_of(endpoint) == "203.0.113.70"


def test_while_one_restores_nobody_accepts(endpoint: Endpoint, ada: User) -> None:
    seen, pause = read_drift().digest, Pause()

    def pause_at_the_write(step: str) -> None:
        if step.startswith("Writing"):
            pause()

    def restore_slowly() -> Any:
        try:
            return restore(author=ada, seen=seen, progress=pause_at_the_write)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        restoring = other.submit(restore_slowly)
        try:
            assert pause.reached.wait(60)
            with pytest.raises(Busy, match=r"ada on .* is applying at this moment"):
                accept(User.objects.create_user("bob"), endpoint, seen)
        finally:
            pause.over.set()
        assert restoring.result().revision
    assert Dispatcher.objects.get(pk=endpoint.pk).destination == "sip:203.0.113.7:5060"
    with pytest.raises(DriftChanged, match="the rows changed since you saw them"):
        accept(ada, endpoint, seen)
    assert host_of(endpoint) == "203.0.113.7"


def test_two_who_accept_the_same_row_do_so_one_after_the_other(endpoint: Endpoint, ada: User) -> None:
    seen = read_drift().digest
    with apply_lock("bob", 30), pytest.raises(Busy, match="bob on "):
        accept(ada, endpoint, seen)
    assert host_of(endpoint) == "203.0.113.7"
    accept(ada, endpoint, seen)
    assert host_of(endpoint) == "203.0.113.70"
    assert ApplyLock.objects.get().token == ""


def test_whoever_took_too_long_accepts_nothing(endpoint: Endpoint, ada: User) -> None:
    seen, late = read_drift().digest, apply_lock("bob", 30)

    def take_the_lock(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if Revision._meta.db_table in sql and ApplyLock.objects.get().holder.startswith("ada"):
            ApplyLock.objects.update(expires=timezone.now() - timedelta(seconds=1))
            late.__enter__()
        return execute(sql, *rest)

    with connections["default"].execute_wrapper(take_the_lock), pytest.raises(LockLost, match="took the lock"):
        accept(ada, endpoint, seen)
    late.__exit__(None, None, None)
    assert host_of(endpoint) == "203.0.113.7"


def test_only_the_row_that_was_named_is_accepted(endpoint: Endpoint, ada: User) -> None:
    seen = read_drift().digest
    for table, key in (("dispatcher", endpoint.pk + 1), ("mtree", endpoint.pk), ("dispatcher", "")):
        with pytest.raises(DriftChanged):
            accept_drift(author=ada, table=table, key=str(key), seen=seen)
    assert host_of(endpoint) == "203.0.113.7"
