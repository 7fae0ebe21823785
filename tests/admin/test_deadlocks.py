"""A page whose transaction was the victim of a deadlock is retried, and shows its messages once."""

from __future__ import annotations

import pytest
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from carriers.databases.deadlocks import DEADLOCK
from carriers.models import CarrierGroup

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_view_is_repeated_and_its_messages_are_not(rf: RequestFactory) -> None:
    attempts = []

    def view(request: HttpRequest) -> HttpResponse:
        attempts.append(1)
        CarrierGroup.objects.create(name=f"Acme {len(attempts)}")
        messages.success(request, f"stored at attempt {len(attempts)}")
        if len(attempts) < 3:
            CarrierGroup.objects.all().delete()  # as the database does
            raise OperationalError(DEADLOCK, "Deadlock found when trying to get lock; try restarting transaction")
        return HttpResponse("done")

    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("admin")
    request.session = SessionStore()
    request._messages = default_storage(request)  # type: ignore[attr-defined]
    answer = admin.site.admin_view(view)(request)
    assert answer.content == b"done"
    assert [str(message) for message in messages.get_messages(request)] == ["stored at attempt 3"]
    assert [group.name for group in CarrierGroup.objects.all()] == ["Acme 3"]
