"""Who is this IP? A source address by the carriers, by Kamailio's tables and by each node, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.utils.text import capfirst

from carriers.labels import endpoint_label, group_label, pbx_label
from carriers.snapshots.records import Carriers, read_carriers
from carriers.values.addresses import host_ip, parse_ip
from kamailio_bridge.collector.models import HostName
from kamailio_bridge.collector.named_addresses import admitted, as_kamailio_writes, saved_names
from kamailio_bridge.modules.hash_tables import hash_table_entries
from kamailio_bridge.modules.sources.address_dump import dump_addresses
from kamailio_bridge.modules.sources.address_table import CARRIERS_GROUP, PBXS_GROUP
from kamailio_bridge.modules.sources.admission import (
    IPAddress,
    Source,
    admitting,
    holds,
    sources_in_tables,
    sources_with,
)
from kamailio_bridge.modules.sources.admission_rows import admission_rows
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import CallFailed, RpcError
from kamailio_bridge.questions.route_lookup import PENDING, TABLES
from kamailio_bridge.rows.marks import NAMES_HASH_TABLE, group_tag, pbx_tag
from kamailio_bridge.tables.models import Name
from kamailio_bridge.tables.reading import TablesUnreadable, reading

Owners = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """One column. ``source`` admits the address, None for 403; ``others`` hold it too and do not count."""

    title: str
    sentence: str
    source: Source | None = None
    others: list[Source] = field(default_factory=list)
    failed: bool = False


@dataclass(frozen=True)
class WhoIs:
    """All columns. ``notes`` say why carriers and PBXs that have the address do not count."""

    address: str
    answers: list[Answer]
    notes: list[str]

    @property
    def differs(self) -> bool:
        told = [
            answer.source and (answer.source.grp, answer.source.tag) for answer in self.answers if not answer.failed
        ]
        return any(each != told[0] for each in told[1:])

    @property
    def is_complete(self) -> bool:
        return not any(answer.failed for answer in self.answers)


def who_is(text: str, *, live: bool = True, nodes: list[Node] | None = None) -> WhoIs:
    """Find whose address ``text`` is, by carriers, tables and, if ``live``, nodes. Raises ``ValueError``."""
    address = parse_ip(text)
    carriers = read_carriers()
    owners = _owners(carriers)
    rows = sorted(admission_rows(carriers), key=lambda row: row.pk)
    pending = sources_with(address, ((row.values, row.label) for row in rows))
    pending += _by_names(address, admitted(saved_names(carriers)), owners)
    answers = [_answer(PENDING, pending), _by_the_tables(address, owners)]
    if live:
        asked = configured_nodes() if nodes is None else nodes
        for node, found in zip(asked, ask_nodes(asked, lambda node: _on_node(node, address, owners)), strict=True):
            title = f"Node {node.name}, now"
            failed = isinstance(found, RpcError)
            answers.append(Answer(title, str(found), failed=True) if failed else _answer(title, found))  # type: ignore[arg-type]
    return WhoIs(str(address), answers, list(_notes(carriers, address)))


def _answer(title: str, sources: list[Source]) -> Answer:
    source = admitting(sources)
    others = [each for each in sources if each is not source]
    if source is None:
        return Answer(
            title,
            "Refused with 403, after many requests in silence: it is neither a PBX’s nor a carrier’s.",
            None,
            others,
        )
    kind = "a PBX" if source.grp == PBXS_GROUP else "a carrier"
    return Answer(title, f"Admitted as {kind}: {source.owner}, by {source.network}.", source, others)


def _by_the_tables(address: IPAddress, owners: Owners) -> Answer:
    try:
        with reading():
            found = sources_in_tables(address, partial(_owner, owners))
            found += _by_names(address, dict(Name.objects.values_list("key_name", "key_value")), owners)
    except TablesUnreadable as unreadable:
        return Answer(TABLES, str(unreadable), failed=True)
    return _answer(TABLES, found)


def _by_names(address: IPAddress, tags: Mapping[str, str], owners: Owners) -> list[Source]:
    """Return the carrier group that has a host name which leads to the address. It counts after all rows."""
    tag = tags.get(as_kamailio_writes(str(address)))
    if tag is None:
        return []
    owner = f"a host name of {owners.get(tag, f'“{tag}”')}"
    return [Source(CARRIERS_GROUP, f"{address}/{address.max_prefixlen}", 0, tag, owner)]


def _on_node(node: Node, address: IPAddress, owners: Owners) -> list[Source]:
    """Read the node's memory, dumped in the order of look-up: there is no RPC that asks for one address."""
    return [
        Source(
            entry.grp, f"{entry.ip_addr}/{entry.mask}", entry.port, entry.tag, owners.get(entry.tag, f"“{entry.tag}”")
        )
        for entry in dump_addresses(node.rpc)
        if holds(entry.ip_addr, entry.mask, address)
    ] + _by_names(address, _dump_names(node), owners)


def _dump_names(node: Node) -> dict[str, str]:
    """Return the addresses of host names that a node has loaded; none if its configuration knows nothing of them."""
    try:
        return {name: str(value) for name, value in hash_table_entries(node.rpc, NAMES_HASH_TABLE).items()}
    except CallFailed:
        return {}


def _owners(carriers: Carriers) -> Owners:
    """Return the labels of carrier groups and PBXs by the tags of their rows."""
    return {
        **{group_tag(group.pk): group_label(group) for group in carriers.groups.values()},
        **{pbx_tag(pbx.pk): pbx_label(pbx) for pbx in carriers.pbxs.values()},
    }


def _owner(owners: Owners, pk: int, tag: str) -> str:
    return owners.get(tag, f"row {pk} of another program" + (f" (“{tag}”)" if tag else ""))


def _notes(carriers: Carriers, address: IPAddress) -> Iterator[str]:
    yield from (host.sentence for host in HostName.objects.order_by("name") if str(address) in host.addresses)
    for group in carriers.groups.values():
        if not group.enabled:
            networks = [each.network for each in group.sources if _has(each.network, address)]
            networks += [f"{e.host}" for e in group.endpoints if e.may_call and host_ip(e.host) == address]
            if networks:
                yield f"{capfirst(group_label(group))} has {networks[0]}, but is disabled."
            continue
        for endpoint in group.endpoints:
            if host_ip(endpoint.host) == address and not endpoint.may_call:
                why = "only takes calls" if endpoint.enabled else "is disabled"
                yield f"{capfirst(endpoint_label(group, endpoint))}, has this address, but {why}."
    for pbx in carriers.pbxs.values():
        networks = [each.network for each in pbx.sources if _has(each.network, address)]
        if networks and not pbx.enabled:
            yield f"{pbx_label(pbx)} has {networks[0]}, but is disabled."
        elif host_ip(pbx.host) == address and not networks:
            yield f"{pbx_label(pbx)} gets its calls there, but may call from its source networks only."


def _has(network: str, address: IPAddress) -> bool:
    ip_addr, _, mask = network.partition("/")
    return holds(ip_addr, int(mask), address)
