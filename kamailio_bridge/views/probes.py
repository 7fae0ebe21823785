"""The test buttons on the page of a carrier group: questions to that carrier through a node, applied or not.

Only saved objects can be tested, so that nobody can make a node send to hosts that no carrier group has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from carriers.models import Endpoint
from carriers.snapshots.records import EndpointRecord, GroupRecord
from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.nodes.ask_all import NoPlaceFree, hold_place
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.credential_probes import ask_realm
from kamailio_bridge.questions.probe_slots import AllSlotsTaken, probe_slot
from kamailio_bridge.questions.probes import NoNode, Probe, ask_through, probe_endpoint
from kamailio_bridge.views.access import CHANGE_GROUP_PERMISSION, require_permissions

require_group_editor = require_permissions(CHANGE_GROUP_PERMISSION)


@require_group_editor
@require_POST
def endpoint(_request: HttpRequest, pk: int) -> HttpResponse:
    """Send OPTIONS to an endpoint."""
    found = _stored_endpoint(pk)
    if found is None:
        return _failure("This endpoint is not stored any more: reload the page.", status=404)
    return _answer(lambda nodes: ask_through(nodes, lambda node: probe_endpoint(node, *found)))


@require_group_editor
@require_POST
def realm(_request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a carrier group's registrar, else an endpoint, for its realm."""
    group = read_groups([pk]).groups.get(pk)
    if group is None or group.credential is None:
        return _no_credential()
    return _answer(lambda nodes: ask_through(nodes, lambda node: ask_realm(node, group)))


@require_group_editor
@require_POST
def credential(_request: HttpRequest, pk: int) -> HttpResponse:
    """Test a carrier group's credential at its registrar, and its registration."""
    carriers = read_groups([pk])
    if pk not in carriers.groups or carriers.groups[pk].credential is None:
        return _no_credential()
    return _answer(lambda nodes: check_credential(carriers, pk, nodes))


def _stored_endpoint(pk: int) -> tuple[GroupRecord, EndpointRecord] | None:
    keys = Endpoint.objects.filter(pk=pk).values_list("group_id", flat=True)
    groups = read_groups(list(keys)).groups.values()
    return next(((group, record) for group in groups for record in group.endpoints if record.pk == pk), None)


def _no_credential() -> HttpResponse:
    return _failure("This carrier group has no auth credential stored: enter one and save it first.", status=404)


def _answer(question: Callable[[Sequence[Node]], Probe]) -> HttpResponse:
    try:
        with hold_place(), probe_slot():
            probe = question(configured_nodes())
    except (AllSlotsTaken, NoPlaceFree) as taken:
        return _failure(str(taken), status=429)
    except NoNode as no_node:
        return _failure(str(no_node), status=503)
    return JsonResponse(
        {
            "ok": probe.ok,
            "verdict": probe.verdict,
            "sentence": probe.sentence,
            "code": probe.code,
            "milliseconds": probe.milliseconds,
            "realm": probe.realm,
        }
    )


def _failure(sentence: str, *, status: int) -> HttpResponse:
    return JsonResponse({"ok": False, "sentence": sentence}, status=status)
