"""Nodes: what each reports, and the buttons that retry it, fail over from it and enable it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carriers.history.actor import operator_of
from kamailio_bridge.apply.operations import fail_over, retry
from kamailio_bridge.monitoring.status import LOOK_SECONDS, NodeStatus, last_answers, node_status
from kamailio_bridge.nodes.ask_all import NoPlaceFree, ask_nodes
from kamailio_bridge.nodes.models import LOCAL_NAME, KamailioNode
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.views.access import (
    VIEW_NODE_PERMISSION,
    require_operator,
    require_permissions,
)
from kamailio_bridge.views.results import show_result


@require_permissions(VIEW_NODE_PERMISSION)
@require_GET
@never_cache
def node_now(_request: HttpRequest, name: str) -> HttpResponse:
    """Ask one node, so that a page can ask all at once and a dead one delays no other: ``{"state": "in step", …}``."""
    node = _node(name)
    try:
        revision = stored_revision()
    except DatabaseError:
        return JsonResponse({"state": "unknown", "sentence": "Kamailio's tables can't be read."})
    last = last_answers().get(name)
    (status,) = ask_nodes([node], lambda node: node_status(node, revision, last), LOOK_SECONDS)
    if isinstance(status, NoPlaceFree):
        return JsonResponse({"state": "unknown", "sentence": str(status), "again": True})
    words = {"state": "unreachable", "sentence": str(status)} if isinstance(status, RpcError) else _in_words(status)
    if KamailioNode.objects.filter(name=name, enabled=False).exists():
        words |= {"state": "disabled", "sentence": f"It is disabled, so it is not reloaded. {words['sentence']}"}
    return JsonResponse(words)


@require_operator
@require_POST
def retry_nodes(request: HttpRequest) -> HttpResponse:
    """Bring the named nodes to the revision in the tables; without names, all that are behind."""
    names = request.POST.getlist("node") or [node.name for node in configured_nodes()]
    result = retry(author=operator_of(request), names=names)
    return show_result(request, result, otherwise=nodes_page(request))


@require_operator
@require_POST
def fail_over_node(request: HttpRequest, pk: int) -> HttpResponse:
    """Disable a node and let the others register its accounts."""
    record = get_object_or_404(KamailioNode, pk=pk)
    result = fail_over(author=operator_of(request), node=record.name)
    if result.outcome in ("verified", "behind", "nothing"):
        _log(request, record, "Disabled; its accounts failed over.")
    return show_result(request, result, otherwise=nodes_page(request))


@require_operator
@require_POST
def enable_node(request: HttpRequest, pk: int) -> HttpResponse:
    """Enable a node again. It gets its accounts back with the next reload."""
    record = get_object_or_404(KamailioNode, pk=pk)
    if not record.enabled:
        record.enabled = True
        record.save(update_fields=["enabled"])
        _log(request, record, "Enabled.")
    messages.success(
        request, f"Node {record.name} is enabled. Press Reload Kamailio to load it and give it its accounts."
    )
    return HttpResponseRedirect(reverse("admin:kamailio_bridge_kamailionode_change", args=[pk]))


def nodes_page(request: HttpRequest) -> str:
    """Return the URL name of the list of nodes, or of the start page if the user may not see it."""
    may_see = request.user.has_perm(VIEW_NODE_PERMISSION)
    return "admin:kamailio_bridge_kamailionode_changelist" if may_see else "admin:index"


def _node(name: str) -> Node:
    record = KamailioNode.objects.filter(name=name).first()
    if record is not None:
        return Node(record.name, record.rpc())
    for node in configured_nodes():
        if node.name == name == LOCAL_NAME:
            return node
    raise Http404


def _in_words(status: NodeStatus) -> dict[str, Any]:
    if not status.reachable:
        return {"state": "unreachable", "sentence": status.sentence}
    started = timezone.now() - timedelta(seconds=status.uptime)
    return {
        "state": ("in step" if status.revision else "nothing applied") if status.in_step else "behind",
        "sentence": f"It {status.sentence}",
        "revision": "none" if status.revision is None else str(status.revision),
        "version": status.version,
        "uptime": timesince(started) if status.uptime >= 60 else f"{status.uptime} seconds",
        "modules": ", ".join(status.modules) or "none",
        "registrations": f"{status.registered} of {status.to_register}",
        "strangers": "not counted" if status.strangers is None else status.strangers.sentence,
    }


def _log(request: HttpRequest, record: KamailioNode, text: str) -> None:
    LogEntry.objects.log_actions(operator_of(request).pk, [record], CHANGE, change_message=text)
