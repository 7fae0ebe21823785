"""certificates: the TLS of carrier groups that have one of their own, as files of the node and as policies.

The policies are in the table of the module ``policy``. The files are on the node's machine, where only a site on the
same machine writes them; elsewhere ``manage.py reload_certificates`` does (docs/tls.md).
"""

from __future__ import annotations

from functools import partial

from django.db.models import Q

from carriers.labels import group_label
from carriers.snapshots.records import Carriers, GroupRecord
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    ReloadRejected,
    expect_text,
    join_first,
)
from kamailio_bridge.modules.hash_tables import has_hash_tables, hash_table_entries
from kamailio_bridge.modules.policies.tls import tls_policy, tls_profile
from kamailio_bridge.nodes.certificates.tls_profiles import profiles_folder, write_profiles
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.rows.ids import policy_row_id, set_id
from kamailio_bridge.rows.marks import POLICY_HASH_TABLE, STRING_KEY, STRING_VALUE, TLS_TOPIC
from kamailio_bridge.rows.policy_text import policy_text
from kamailio_bridge.rows.types import Notice, Row, Table, Values
from kamailio_bridge.tables.models import Policy

PLACE = 7  # among the topics of a group (modules/policy.py)
COMMAND = "reload_certificates"

TLS_POLICIES = Table(
    model=Policy,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=Q(key_name__endswith=f":{TLS_TOPIC}"),
    exclusive=("key_name",),
    moved_by_base=frozenset({"key_name"}),
)
_KEY_NAME, _KEY_VALUE = map(TLS_POLICIES.at, ("key_name", "key_value"))


class CertificatesModule(KamailioModule):
    name = "certificates"
    tables = (TLS_POLICIES,)
    reload_method = "tls.reload"
    writes_files = True

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if group.enabled:
                _add(projection, group)
        return projection

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node serves TLS and has our hash table."""
        return self.reload_method in methods and has_hash_tables(rpc, [POLICY_HASH_TABLE])

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Write the files first, so that no policy names a profile that is not there yet."""
        folder = profiles_folder(node.rpc.fifo)
        if folder is not None:
            try:
                write_profiles(folder, wanted.tls)
            except OSError as error:
                raise ReloadRejected(f"{error.filename or folder} can't be written ({error.strerror}).") from None
            answer = node.rpc.call(self.reload_method)
            expect_text(self.reload_method, answer, lambda text: text.startswith("Ok."))
        answer = node.rpc.call("htable.reload", POLICY_HASH_TABLE)
        return expect_text("htable.reload", answer, lambda text: text.startswith("Ok."))

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        where = " # where TLS is served"
        here = [self.reload_method + where] if profiles_folder(node.rpc.fifo) is not None else []
        return [*here, f"htable.reload {POLICY_HASH_TABLE}{where}"]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"htable.dump {POLICY_HASH_TABLE}"]

    def unread(self, wanted: Projection) -> str:
        rows = wanted.rows[TLS_POLICIES].values()
        if not rows:
            return ""
        labels = join_first(dict.fromkeys(row.label for row in rows))
        return f"It serves no TLS, so it does not read what is set under TLS ({labels})."

    def remark(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Say that the files are on another machine, unless there are none or none of them changes."""
        concerned = len(wanted.rows[TLS_POLICIES]) if changes is None else changes.count
        if not concerned or profiles_folder(node.rpc.fifo) is not None:
            return ""
        return f"The TLS files of carrier groups are on its own machine: run manage.py {COMMAND} there."

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        entries = hash_table_entries(node.rpc, POLICY_HASH_TABLE)
        loaded = {name: value for name, value in entries.items() if name.endswith(f":{TLS_TOPIC}")}
        expected = {str(row.values[_KEY_NAME]): row for row in wanted.rows[TLS_POLICIES].values()}
        wrong = [row.label for name, row in expected.items() if loaded.get(name) != row.values[_KEY_VALUE]]
        wrong += sorted(loaded.keys() - expected.keys())
        if wrong:
            return [f"Kamailio has other TLS settings than it should for {join_first(wrong)}. Reload again."]
        return []


def _add(projection: Projection, group: GroupRecord) -> None:
    values = (
        policy_row_id(group.pk, PLACE),
        f"{set_id(group.pk)}:{TLS_TOPIC}",
        STRING_KEY,
        STRING_VALUE,
    )
    if group.client_key is None:
        text = "its client key can't be decrypted: what Kamailio has of its TLS stays until you enter the key."
        projection.warnings.append(Notice(group_label(group), text))
        projection.keep(TLS_POLICIES, values[0], partial(_as_stored, group_label(group), values))
        projection.tls.kept.add(f"group-{set_id(group.pk)}")
        return
    profile = tls_profile(group)
    if profile is not None:
        projection.tls.known.append(profile)
    policy = policy_text(tls_policy(group))
    if policy:
        projection.add(TLS_POLICIES, group_label(group), *values, policy, 0)


def _as_stored(label: str, values: Values, stored: Values) -> Row:
    return Row((*values, stored[_KEY_VALUE], 0), label)
