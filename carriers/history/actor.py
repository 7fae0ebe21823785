"""Who acts at present: the person whose request is being answered, or a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

COMMAND = "manage.py"
_user: ContextVar[Callable[[], Any] | None] = ContextVar("history_user", default=None)


class Actor(NamedTuple):
    """The user, if it is one, and a name that stays when the user is deleted one day."""

    user: AbstractBaseUser | None
    name: str


def current_actor() -> Actor:
    """Return who acts at present."""
    find = _user.get()
    user = find() if find is not None else None
    if user is None or not user.is_authenticated:
        return Actor(None, COMMAND if find is None else "")
    return Actor(user, user.get_username())


@contextmanager
def acting(find_user: Callable[[], Any]) -> Iterator[None]:
    """Let what is written in the block be the user's doing. The user is looked up only when something is written."""
    token = _user.set(find_user)
    try:
        yield
    finally:
        _user.reset(token)


class ActorMiddleware:
    """Make the user of each request the actor of what it changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(lambda: request.user):
            return self.get_response(request)
