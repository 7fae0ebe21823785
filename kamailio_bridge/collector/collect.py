"""The collector: keeps up to date what changes by itself. A round asks DNS for the host names of the carriers.

Names admit as they were applied last, so that nothing reaches Kamailio before a reload. What it finds is in the site's
database, for the pages, and in the table ``dsiprouter_name``, which nodes load at their start and when the
collector tells them to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import dns.resolver
from django.db import transaction
from django.utils import timezone

from carriers.snapshots.records import read_carriers
from kamailio_bridge.collector.models import HostName
from kamailio_bridge.collector.named_addresses import admitted, applied_names, names_in
from kamailio_bridge.collector.resolver import Resolution, Unresolved, resolve
from kamailio_bridge.modules.policies.admitted_names import Wanted
from kamailio_bridge.nodes.ask_all import ask_at_once
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError
from kamailio_bridge.rows.marks import NAMES_HASH_TABLE, STRING_KEY, STRING_VALUE
from kamailio_bridge.tables.models import Name

LONGEST_PAUSE, SHORTEST_PAUSE = 60, 5  # seconds between two questions about a name, whatever its TTL
NODE_SECONDS = 10.0
AT_ONCE = 8  # questions side by side
NAMES_DATABASE = "kamailio"


class Collector:
    """Holds what must last from round to round: which nodes have which rows. ``say`` gets a sentence for each event."""

    def __init__(self, say: Callable[[str], None], resolver: Callable[[], dns.resolver.Resolver] | None = None) -> None:
        self._say = say
        self._resolver = resolver or dns.resolver.Resolver
        self._loaded: dict[str, dict[str, str]] = {}
        self._complaints: dict[str, str] = {}

    def round(self, nodes: Sequence[Node] | None = None) -> bool:
        """Ask for the names that are due, write the rows, and tell the nodes; return whether all nodes have them."""
        names = applied_names()
        self._ask(_together(names_in(read_carriers()), *names.values()))
        rows = admitted(names)
        write_rows(rows)
        return self._tell(rows, configured_nodes() if nodes is None else nodes)

    def _ask(self, wanted: Wanted) -> None:
        HostName.objects.exclude(name__in=wanted).delete()
        known = {host.name: host for host in HostName.objects.all()}
        due = [name for name in wanted if name not in known or is_due(known[name])]
        if not due:
            return
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = list(pool.map(lambda name: self._resolve(name, has_port=wanted[name]), due))
        for name, answer in zip(due, answers, strict=True):
            self._note(known.get(name) or HostName(name=name), answer)

    def _resolve(self, name: str, *, has_port: bool) -> Resolution | Unresolved:
        try:
            return resolve(name, has_port=has_port, resolver=self._resolver())
        except Unresolved as why:
            return why

    def _note(self, host: HostName, answer: Resolution | Unresolved) -> None:
        host.asked = timezone.now()
        before = host.sentence if host.resolved is None or host.problem else host.addresses
        if isinstance(answer, Unresolved):
            host.problem = str(answer)[:200]
        else:
            host.addresses, host.ttl = answer
            host.resolved, host.problem = host.asked, ""
        host.save()
        after = host.sentence if host.resolved is None or host.problem else host.addresses
        if after != before:
            self._say(host.sentence)

    def _tell(self, rows: dict[str, str], nodes: Sequence[Node]) -> bool:
        """Let the nodes load the rows that they don't have. A node that restarts loads them by itself."""
        late = [node for node in nodes if self._loaded.get(node.name) != rows]
        answers = ask_at_once(late, lambda node: node.rpc.call("htable.reload", NAMES_HASH_TABLE), NODE_SECONDS)
        for node, answer in zip(late, answers, strict=True):
            complaint = ""
            if isinstance(answer, RpcError):
                complaint = f"Node {node.name} does not load the addresses of names: {answer}"
            if complaint and complaint != self._complaints.get(node.name):
                self._say(complaint)
            self._complaints[node.name] = complaint
            if not complaint:
                self._loaded[node.name] = rows
        return all(self._loaded.get(node.name) == rows for node in nodes)


def _together(*parts: Wanted) -> Wanted:
    together: Wanted = {}
    for part in parts:
        for name, has_port in part.items():
            together[name] = together.get(name, True) and has_port
    return together


def is_due(host: HostName) -> bool:
    """Return whether it is time to ask for a name again: when its TTL is over, but at least once a minute."""
    pause = min(max(host.ttl, SHORTEST_PAUSE), LONGEST_PAUSE) if not host.problem else SHORTEST_PAUSE
    return host.asked is None or host.asked + timedelta(seconds=pause) <= timezone.now()


def write_rows(rows: dict[str, str]) -> None:
    """Make the table have these rows: address to tag."""
    with transaction.atomic(using=NAMES_DATABASE):
        stored = dict(Name.objects.values_list("key_name", "key_value"))
        if stored == rows:
            return
        gone = [address for address, tag in stored.items() if rows.get(address) != tag]
        Name.objects.filter(key_name__in=gone).delete()
        Name.objects.bulk_create(
            Name(key_name=address, key_type=STRING_KEY, value_type=STRING_VALUE, key_value=tag)
            for address, tag in rows.items()
            if stored.get(address) != tag
        )
