"""The current actor: the user of the current request, or a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

COMMAND = "manage.py"
_user: ContextVar[Callable[[], Any] | None] = ContextVar("history_user", default=None)


class Actor(NamedTuple):
    """The user, None for a command, and a name that outlives the user."""

    user: AbstractBaseUser | None
    name: str


def current_actor() -> Actor:
    """Return the current actor."""
    find = _user.get()
    user = find() if find is not None else None
    if user is None or not user.is_authenticated:
        return Actor(None, COMMAND if find is None else "")
    return Actor(user, user.get_username())


def operator_of(request: HttpRequest) -> User:
    """Return the user who is logged in, as ``AdminSite.admin_view`` requires. Raises ``PermissionDenied`` otherwise."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


@contextmanager
def acting(find_user: Callable[[], Any]) -> Iterator[None]:
    """Make the user the actor of what the block writes. ``find_user`` is called only when something is written."""
    token = _user.set(find_user)
    try:
        yield
    finally:
        _user.reset(token)


class ActorMiddleware:
    """Make the user of each request the actor of its changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(lambda: request.user):
            return self.get_response(request)
