"""The page that a button leads to, and the level of its message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.messages import get_messages
from django.contrib.messages.storage import default_storage
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import reverse

from carriers.history.actor import operator_of
from kamailio_bridge.apply.result import ApplyResult, Outcome
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.views.results import show_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of() -> Callable[..., HttpRequest]:
    def make(*codenames: str) -> HttpRequest:
        request = RequestFactory().post("/")
        request.user = User.objects.create(username="operator", is_staff=True)
        request.user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        request.session = {}  # type: ignore[assignment]
        request._messages = default_storage(request)
        return request

    return make


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        ("verified", "success"),
        ("nothing", "success"),
        ("partial", "warning"),
        ("behind", "warning"),
        ("busy", "warning"),
        ("changed", "warning"),
        ("failed", "error"),
        ("refused", "error"),
    ],
)
def test_each_outcome_has_its_level(request_of: Callable[..., HttpRequest], outcome: Outcome, level: str) -> None:
    request = request_of()
    show_result(request, ApplyResult(outcome, "What came of it."), otherwise="admin:index")
    assert [(message.level_tag, str(message)) for message in get_messages(request)] == [(level, "What came of it.")]


def test_the_revision_is_shown_to_those_who_may_see_it(request_of: Callable[..., HttpRequest]) -> None:
    revision = Revision.objects.create()
    page = reverse("admin:kamailio_bridge_revision_change", args=[revision.pk])
    result = ApplyResult("verified", "Done.", revision=revision.pk)
    request = request_of("view_revision")
    assert show_result(request, result, otherwise="admin:drift")["Location"] == page
    missing = ApplyResult("verified", "Done.", revision=revision.pk + 1)
    assert show_result(request, missing, otherwise="admin:drift")["Location"] == reverse("admin:drift")
    request.user = User.objects.create(username="other")
    assert show_result(request, result, otherwise="admin:drift")["Location"] == reverse("admin:drift")


def test_the_operator_is_who_is_logged_in(request_of: Callable[..., HttpRequest]) -> None:
    request = request_of()
    assert operator_of(request) == request.user
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        operator_of(request)
