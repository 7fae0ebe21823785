"""The metrics for Prometheus, counted in the database at each scrape, so that every web worker returns the same.

All nodes are asked at once, for two seconds at most. Each web worker caches their answers for some seconds, so that
frequent scrapes cost Kamailio little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from django.core.cache import cache
from django.db.models import Count, F, Max, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from carriers.models import AuthCredential, CarrierGroup, Endpoint
from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.monitoring.strangers import Strangers, read_strangers
from kamailio_bridge.nodes.ask_all import ask_at_once
from kamailio_bridge.nodes.certificates.expiry import group_certificates, node_certificate
from kamailio_bridge.nodes.node import configured_nodes
from kamailio_bridge.nodes.rpc import CallFailed, RpcError
from kamailio_bridge.plan.pending import LONGEST_SECONDS, pending_changes
from kamailio_bridge.questions.registrations import State, registrations
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from kamailio_bridge.tables.reading import TablesUnreadable

ASK_SECONDS = 2.0
KEPT_SECONDS = 10  # shorter than the interval of scrapes
_NODES_KEY = "kamailio_bridge.monitoring.metrics.nodes"
_REGISTRATIONS_KEY = "kamailio_bridge.monitoring.metrics.registrations"


@dataclass(frozen=True)
class NodeFigures:
    """One node: whether it answers, its revision and its strangers; None if it does not know them."""

    name: str
    up: bool
    revision: int | None
    strangers: Strangers | None = None


class BridgeCollector(Collector):
    """Collect everything for each scrape. Raises ``DatabaseError``."""

    def collect(self) -> Iterator[Metric]:
        yield from _applies()
        yield from _carriers()
        yield from _pending()
        yield from _nodes()
        yield _registrations()
        yield _certificates()


def _applies() -> Iterator[Metric]:
    """Count the revisions, which are never deleted, so that a counter never falls."""
    applies = CounterMetricFamily("dsiprouter_applies", "Applies by outcome.", labels=["outcome"])
    seconds = SummaryMetricFamily("dsiprouter_apply_seconds", "How long applies took that have ended.")
    counts = dict(Revision.objects.order_by().values_list("outcome").annotate(count=Count("pk")))
    for outcome in Revision.Outcome.values:
        applies.add_metric([outcome], counts.get(outcome, 0))
    ended = Revision.objects.order_by().exclude(finished=None)
    totals = ended.aggregate(count=Count("pk"), time=Sum(F("finished") - F("started")), last=Max("finished"))
    seconds.add_metric([], totals["count"], totals["time"].total_seconds() if totals["time"] else 0.0)
    yield applies
    yield seconds
    if totals["last"] is not None:
        yield GaugeMetricFamily(
            "dsiprouter_last_apply_timestamp_seconds", "When the last apply ended.", value=totals["last"].timestamp()
        )


def _carriers() -> Iterator[Metric]:
    for name, model in (("carrier_groups", CarrierGroup), ("endpoints", Endpoint)):
        family = GaugeMetricFamily(f"dsiprouter_{name}", f"{name.replace('_', ' ').capitalize()}.", labels=["enabled"])
        counts = Counter(dict(model.objects.order_by().values_list("enabled").annotate(count=Count("pk"))))
        for enabled in (True, False):
            family.add_metric([str(enabled).lower()], counts[enabled])
        yield family


def _pending() -> Iterator[Metric]:
    """Yield no number if the plan can't be made, since any would be wrong; ``dsiprouter_plan_ok`` is 0 then."""
    try:
        count = pending_changes(LONGEST_SECONDS)
    except TablesUnreadable:
        yield GaugeMetricFamily("dsiprouter_plan_ok", "Whether a plan can be made.", value=0)
        return
    yield GaugeMetricFamily("dsiprouter_plan_ok", "Whether a plan can be made.", value=1)
    yield GaugeMetricFamily("dsiprouter_waiting_changes", "Rows that the next apply changes.", value=count)


def _nodes() -> Iterator[Metric]:
    stored = stored_revision()
    up = GaugeMetricFamily("dsiprouter_node_up", "Whether the node answers.", labels=["node"])
    in_step = GaugeMetricFamily(
        "dsiprouter_node_in_step", "Whether the node runs the revision of the tables.", labels=["node"]
    )
    nodes = _asked_nodes()
    for node in nodes:
        up.add_metric([node.name], node.up)
        in_step.add_metric([node.name], node.up and node.revision == stored)
    yield GaugeMetricFamily("dsiprouter_revision", "The revision of Kamailio's tables.", value=stored or 0)
    yield up
    yield in_step
    yield from _strangers(nodes)


def _strangers(nodes: list[NodeFigures]) -> Iterator[Metric]:
    """Report what each node counted; its counters restart when it starts."""
    requests = CounterMetricFamily(
        "dsiprouter_stranger_requests",
        "Requests of strangers, with an answer and without.",
        labels=["node", "answered"],
    )
    dropped = CounterMetricFamily(
        "dsiprouter_dropped_messages", "Replies to nothing, and malformed messages.", labels=["node", "kind"]
    )
    silenced = GaugeMetricFamily("dsiprouter_silenced_sources", "Strangers that get no answer now.", labels=["node"])
    for node in nodes:
        if node.strangers is not None:
            requests.add_metric([node.name, "true"], node.strangers.answered)
            requests.add_metric([node.name, "false"], node.strangers.dropped)
            dropped.add_metric([node.name, "reply"], node.strangers.replies)
            dropped.add_metric([node.name, "malformed"], node.strangers.malformed)
            silenced.add_metric([node.name], node.strangers.silenced)
    yield requests
    yield dropped
    yield silenced


def _asked_nodes() -> list[NodeFigures]:
    nodes = configured_nodes()
    names = [node.name for node in nodes]
    kept: list[NodeFigures] = cache.get(_NODES_KEY, [])
    if [node.name for node in kept] == names:
        return kept
    answers = ask_at_once(nodes, lambda node: (revision_on_node(node.rpc), read_strangers(node.rpc)), ASK_SECONDS)
    found = [
        # A node without our hash table answers, but does not know its revision.
        NodeFigures(name, up=isinstance(answer, CallFailed), revision=None)
        if isinstance(answer, RpcError)
        else NodeFigures(name, up=True, revision=answer[0], strangers=answer[1])
        for name, answer in zip(names, answers, strict=True)
    ]
    cache.set(_NODES_KEY, found, KEPT_SECONDS)
    return found


def _registrations() -> Metric:
    """Count the carrier groups with a credential by the state that nodes report."""
    counts: dict[str, int] | None = cache.get(_REGISTRATIONS_KEY)
    if counts is None:
        groups = read_groups(list(AuthCredential.objects.values_list("group_id", flat=True)))
        states = registrations(groups, configured_nodes(), seconds=ASK_SECONDS, ask=ask_at_once)
        counts = Counter(str(registration.state) for registration in states.values())
        cache.set(_REGISTRATIONS_KEY, dict(counts), KEPT_SECONDS)
    family = GaugeMetricFamily("dsiprouter_registrations", "Registrations by state.", labels=["state"])
    for state in get_args(State):
        family.add_metric([state], counts.get(state, 0))
    return family


def _certificates() -> Metric:
    """Report when the certificates expire that the site knows."""
    family = GaugeMetricFamily(
        "dsiprouter_certificate_expiry_timestamp_seconds",
        "When a certificate of a carrier group expires, or the node's, which has no group.",
        labels=["group", "certificate"],
    )
    for certificate in node_certificate():
        family.add_metric(["", certificate.what], certificate.expires.timestamp())
    with_tls = CarrierGroup.objects.exclude(client_certificate="", ca_certificates="").filter(enabled=True)
    for group in with_tls.order_by("pk").only("name", "client_certificate", "ca_certificates"):
        for certificate in group_certificates(group):
            family.add_metric([group.name, certificate.what], certificate.expires.timestamp())
    return family
