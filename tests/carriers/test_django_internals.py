"""What the product relies on in Django without a word about it in Django's documentation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import messages
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, connection, transaction
from django.db.models.signals import post_delete
from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import RequestFactory
from django.utils import timezone

from carriers.django_internals import (
    delete_without_cascade,
    deletion_of,
    drop_new_messages,
    forget_session_key,
    replace_posted,
    stored_session,
)
from carriers.models import CarrierGroup, Endpoint, SourceNetwork


@pytest.fixture
def group(db: None) -> CarrierGroup:
    group = CarrierGroup.objects.create(name="Acme")
    Endpoint.objects.create(group=group, position=1, host="203.0.113.7")
    SourceNetwork.objects.create(group=group, network="198.51.100.0/24")
    return group


def test_rows_are_deleted_without_what_refers_to_them(group: CarrierGroup) -> None:
    deleted: list[object] = []
    post_delete.connect(lambda instance, **_: deleted.append(instance), weak=False, dispatch_uid="internals")
    try:
        with connection.constraint_checks_disabled():
            delete_without_cascade(CarrierGroup.objects.filter(pk=group.pk))
            assert (CarrierGroup.objects.count(), Endpoint.objects.count()) == (0, 1)
            CarrierGroup.objects.create(pk=group.pk, name="Acme")
    finally:
        assert post_delete.disconnect(dispatch_uid="internals")
    assert deleted == []
    connection.check_constraints()


def test_what_goes_with_a_deletion_is_known_before_it_goes(group: CarrierGroup) -> None:
    deleted, delete = deletion_of(CarrierGroup.objects.all())
    names = {model.__name__: sorted(map(str, rows)) for model, rows in deleted.items()}
    assert names["CarrierGroup"] == ["Acme"]
    assert names["SourceNetwork"] == ["198.51.100.0/24"]
    assert len(names["Endpoint"]) == 1
    assert CarrierGroup.objects.count() == 1
    delete()
    assert (CarrierGroup.objects.count(), Endpoint.objects.count(), SourceNetwork.objects.count()) == (0, 0, 0)


def test_rows_with_two_possible_owners_go_with_theirs(group: CarrierGroup) -> None:
    """The rule that a source has one owner would refuse NULL in its place, as it does here."""
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceNetwork.objects.update(group=None)
    group.delete()
    assert SourceNetwork.objects.count() == 0


def test_what_was_posted_can_be_replaced() -> None:
    request = RequestFactory().post("/", {"name": "typed"})
    assert request.POST["name"] == "typed"
    replace_posted(request, QueryDict("name=merged"))
    assert request.POST.dict() == {"name": "merged"}


def request_with(cookie: str = "") -> HttpRequest:
    request = RequestFactory().get("/")
    request.COOKIES = {"messages": cookie} if cookie else {}
    request.session = SessionStore()
    request._messages = default_storage(request)
    return request


@pytest.mark.django_db
def test_messages_of_this_request_are_dropped_and_earlier_ones_kept() -> None:
    first = request_with()
    messages.info(first, "earlier")
    answer = HttpResponse()
    messages.get_messages(first).update(answer)
    second = request_with(answer.cookies["messages"].value)
    messages.info(second, "failed attempt")
    drop_new_messages(second)
    messages.info(second, "second attempt")
    assert [str(message) for message in messages.get_messages(second)] == ["earlier", "second attempt"]


@pytest.mark.django_db
def test_a_session_s_row_is_found_until_it_expires() -> None:
    store = SessionStore()
    store["user"] = "operator"
    store.save()
    row = stored_session(SessionStore(store.session_key))
    assert row.session_key == store.session_key
    assert store.decode(row.session_data) == {"user": "operator"}
    store.get_model_class().objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert stored_session(SessionStore(store.session_key)) is None


def test_a_session_without_key_is_new() -> None:
    store = SessionStore("a" * 32)
    assert store.session_key == "a" * 32
    forget_session_key(store)
    assert store.session_key is None
