"""Who may use the bridge's views. Permission checks deny by default; ``AdminSite.admin_view`` wraps the views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

RELOAD_PERMISSION = "kamailio_bridge.reload_kamailio"
VIEW_REVISION_PERMISSION = "kamailio_bridge.view_revision"
VIEW_NODE_PERMISSION = "kamailio_bridge.view_kamailionode"
VIEW_GROUP_PERMISSION = "carriers.view_carriergroup"
CHANGE_GROUP_PERMISSION = "carriers.change_carriergroup"

View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def require_permissions(*permissions: str) -> Callable[[View], View]:
    """Make a decorator of views that admits only users with all of these permissions."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


require_operator = require_permissions(RELOAD_PERMISSION)
require_group_viewer = require_permissions(VIEW_GROUP_PERMISSION)
