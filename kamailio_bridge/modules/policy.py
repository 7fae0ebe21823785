"""policy: settings that no stock table has room for, in a hash table that the SIP side reads at each call.

Each topic of a carrier group or PBX has a row of its own: the key is the set's id and the topic, such as
``8:failover``, the value what differs from the defaults, ``name=value;name=value``. An object that differs in nothing
has no row. ``modules/policies/`` has the topics. Conditions of routes have rows ``c5:times``, and a carrier group whose
calls an inbound route sends to another PBX has a row ``b12:8`` with the PBX's set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Q

from carriers.labels import condition_label, group_label, inbound_route_label, pbx_label
from carriers.passwords.hidden import hidden
from carriers.snapshots.records import Carriers, GroupRecord, PBXRecord
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    expect_text,
    join_first,
)
from kamailio_bridge.modules.hash_tables import has_hash_tables, hash_table_entries
from kamailio_bridge.modules.policies.account import account_policy
from kamailio_bridge.modules.policies.admitted_names import names_policy
from kamailio_bridge.modules.policies.failover import failover_policy
from kamailio_bridge.modules.policies.identity import NOTHING_SET, callers_policy, identity_policy
from kamailio_bridge.modules.policies.number_formats import numbers_policy, plan_policy
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.rows.condition_policies import CONDITION_TOPICS, condition_key, condition_policies
from kamailio_bridge.rows.ids import (
    CONDITION_OFFSET,
    PBX_OFFSET,
    ROUTE_CARRIER_OFFSET,
    pbx_set_id,
    policy_row_id,
    row_id,
    set_id,
)
from kamailio_bridge.rows.marks import (
    HEADERS_HASH_TABLE,
    NAMES_TOPIC,
    POLICY_HASH_TABLE,
    STRING_KEY,
    STRING_VALUE,
    TLS_TOPIC,
)
from kamailio_bridge.rows.policy_text import policy_text
from kamailio_bridge.rows.route_entries import carrier_pbxs, outbound_entry, route_carrier_key
from kamailio_bridge.rows.types import Notice, Row, Table, Values
from kamailio_bridge.tables.models import Header, Name, Policy


class Topic(NamedTuple):
    """A topic of one kind of object: ``place`` (0 to 15) gives its rows their keys and must not change."""

    place: int
    name: str
    policy: Callable[[Any], dict[str, str]]


GROUP_TOPICS: tuple[Topic, ...] = (
    Topic(0, "failover", failover_policy),
    Topic(1, "identity", identity_policy),
    Topic(2, "numbers", numbers_policy),
    Topic(5, "account", account_policy),
    Topic(6, NAMES_TOPIC, names_policy),
)
PBX_TOPICS: tuple[Topic, ...] = (Topic(0, "plan", plan_policy), Topic(1, "callers", callers_policy))

POLICIES = Table(
    model=Policy,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=~Q(key_name__endswith=f":{TLS_TOPIC}"),  # the table is ours; those are of the module certificates
    exclusive=("key_name",),
    moved_by_base=frozenset({"key_name"}),
)
HEADERS = Table(
    model=Header,
    columns=POLICIES.columns,
    ours=Q(pk__isnull=False),  # the table is ours, with all its rows
    exclusive=POLICIES.exclusive,
    moved_by_base=POLICIES.moved_by_base,
    secret=frozenset({"key_value"}),
)
# The headers first, because a policy says how many of them there are.
_HASH_TABLES = {HEADERS: HEADERS_HASH_TABLE, POLICIES: POLICY_HASH_TABLE}
LONGEST_POLICY = 1024  # characters of key_value
_KEY_NAME, _KEY_VALUE = map(POLICIES.at, ("key_name", "key_value"))


class PolicyModule(KamailioModule):
    name = "policy"
    tables = (POLICIES, HEADERS)
    live_tables = (Name,)
    reload_method = "htable.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if group.enabled:
                _add(projection, group_label(group), set_id(group.pk), _keys(group), _of(GROUP_TOPICS, group))
                _add_headers(projection, group)
        for pbx in carriers.pbxs.values():
            if pbx.enabled:
                _add(projection, pbx_label(pbx), pbx_set_id(pbx.pk), _keys(pbx), _of(PBX_TOPICS, pbx))
        _add_conditions(projection, carriers)
        _add_route_carriers(projection, carriers)
        return projection

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node has our hash table; another configuration has none, and reads none of these settings."""
        return self.reload_method in methods and has_hash_tables(rpc, _HASH_TABLES.values())

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        said = ""
        for table, name in _HASH_TABLES.items():
            if changes is None or changes.tables[table].count:
                answer = node.rpc.call(self.reload_method, name)
                said = expect_text(self.reload_method, answer, lambda text: text.startswith("Ok."))
        return said

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [
            f"{self.reload_method} {name}"
            for table, name in _HASH_TABLES.items()
            if changes is None or changes.tables[table].count
        ]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"htable.dump {name}" for name in _HASH_TABLES.values()]

    def unread(self, wanted: Projection) -> str:
        """Name the settings and whose they are; a configuration of somebody else's has no such hash table."""
        # The collector reads the host names, not the node.
        # The module mtree speaks of conditions and of the carriers of inbound routes.
        rows = [
            row
            for row in wanted.rows[POLICIES].values()
            if row.values[_KEY_VALUE] != NOTHING_SET
            and _topic_of(row) != NAMES_TOPIC
            and str(row.values[_KEY_NAME])[0].isdigit()
        ]
        topics = dict.fromkeys(_topic_of(row) for row in rows)
        if not topics:
            return ""
        labels = join_first(dict.fromkeys(row.label for row in rows))
        return (
            f"It does not read what is set under {', '.join(topics)} ({labels}), because its configuration has no hash"
            f" table “{POLICY_HASH_TABLE}”: calls through it are routed without these settings."
        )

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        wrong = [label for table in _HASH_TABLES for label in _differences(node.rpc, wanted, table)]
        if wrong:
            distinct = dict.fromkeys(wrong)
            return [f"Kamailio has other settings than it should for {join_first(distinct)}. Reload again."]
        return []


def _topic_of(row: Row) -> str:
    return str(row.values[_KEY_NAME]).partition(":")[2].partition(":")[0]


def _of(topics: Iterable[Topic], record: GroupRecord | PBXRecord) -> Iterator[tuple[Topic, str]]:
    for topic in topics:
        text = policy_text(topic.policy(record))
        if text:
            yield topic, text


def _keys(record: GroupRecord | PBXRecord) -> Callable[[int], int]:
    offset = PBX_OFFSET if isinstance(record, PBXRecord) else 0
    return lambda place: policy_row_id(record.pk, place, offset)


def _add(
    projection: Projection,
    label: str,
    set_pk: int,
    key_of: Callable[[int], int],
    policies: Iterable[tuple[Topic, str]],
) -> None:
    for topic, text in policies:
        _add_row(projection, label, key_of(topic.place), f"{set_pk}:{topic.name}", text)


def _add_row(projection: Projection, label: str, key: int, name: str, text: str) -> None:
    if len(text) > LONGEST_POLICY:
        topic = name.partition(":")[2]
        sentence = f"its {topic} take {len(text)} characters, and Kamailio's row holds {LONGEST_POLICY}."
        projection.problems.append(Notice(label, sentence))
        return
    projection.add(POLICIES, label, key, name, STRING_KEY, STRING_VALUE, text, 0)


def _add_route_carriers(projection: Projection, carriers: Carriers) -> None:
    for route in carriers.inbound_routes:
        for pk, group, where in carrier_pbxs(carriers, route):
            label = f"{inbound_route_label(route)}, {group_label(carriers.groups[group])}"
            key, name = row_id(pk, ROUTE_CARRIER_OFFSET), route_carrier_key(route.pk, group)
            _add_row(projection, label, key, name, policy_text({"set": where}))


def _add_conditions(projection: Projection, carriers: Carriers) -> None:
    """Add the conditions that a route in force has."""
    if not carriers.conditions:
        return
    routes = [route for route in carriers.outbound_routes if outbound_entry(carriers, route) is not None]
    used = {pk for route in routes for pk in (route.condition, *route.conditions)}
    for condition in (record for pk, record in carriers.conditions.items() if pk in used):
        for topic, values in condition_policies(condition).items():
            key = policy_row_id(condition.pk, CONDITION_TOPICS.index(topic), CONDITION_OFFSET)
            text = policy_text(values)
            _add_row(projection, condition_label(condition), key, condition_key(condition.pk, topic), text)


def _add_headers(projection: Projection, group: GroupRecord) -> None:
    for number, header in enumerate(group.extra_headers, start=1):
        label = f"{group_label(group)}, header {header.name}"
        values = (row_id(header.pk), f"{set_id(group.pk)}:{number}", STRING_KEY, STRING_VALUE)
        if header.value is None:
            projection.warnings.append(
                Notice(label, "its secret value can't be decrypted: what Kamailio has of it stays until you enter it.")
            )
            projection.keep(HEADERS, values[0], partial(_as_stored, label, values))
        else:
            value = header.value if header.secret else hidden(header.value)
            projection.add(HEADERS, label, *values, f"{header.name}:{value}", 0)


def _as_stored(label: str, values: Values, stored: Values) -> Row:
    return Row((*values, stored[_KEY_VALUE], 0), label)


def _differences(rpc: Rpc, wanted: Projection, table: Table) -> list[str]:
    """Return the labels of the rows that the node has not, and the keys of what it has besides."""
    entries = hash_table_entries(rpc, _HASH_TABLES[table])
    # The module certificates has a topic of its own in this hash table.
    loaded = {name: value for name, value in entries.items() if not name.endswith(f":{TLS_TOPIC}")}
    expected = {str(row.values[_KEY_NAME]): row for row in wanted.rows[table].values()}
    wrong = [row.label for name, row in expected.items() if loaded.get(name) != row.values[_KEY_VALUE]]
    return [*wrong, *sorted(loaded.keys() - expected.keys())]
