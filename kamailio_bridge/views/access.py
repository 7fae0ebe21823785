"""Who may use the bridge's views, and who uses them now.

Permission checks default to no. ``AdminSite.admin_view`` stands around the views.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

RELOAD_PERMISSION = "kamailio_bridge.reload_kamailio"
VIEW_REVISION_PERMISSION = "kamailio_bridge.view_revision"
VIEW_NODE_PERMISSION = "kamailio_bridge.view_kamailionode"
VIEW_GROUP_PERMISSION = "carriers.view_carriergroup"
CHANGE_GROUP_PERMISSION = "carriers.change_carriergroup"

View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def for_those_who_may(*permissions: str) -> Callable[[View], View]:
    """Let in those who have all of these permissions and nobody else."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def operator_of(request: HttpRequest) -> User:
    """Return the user who is logged in; a view of the admin is asked by nobody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


for_operators = for_those_who_may(RELOAD_PERMISSION)
for_those_who_see_groups = for_those_who_may(VIEW_GROUP_PERMISSION)
