"""mtree: the prefix tree that maps a number to dispatcher sets.

One tree holds both directions. A key is a letter, ``o`` for outbound or ``i`` for inbound, followed by the prefix. So
both directions share one stock table, whose prefixes are unique, and a default route is the entry of the letter alone,
because the tree has no entry for an empty prefix (docs/kamailio-facts.md#mtree). A third letter, ``s``,
is always there: by it the SIP side distinguishes a tree without routes from one that is not loaded.

A value is our mark, the ids of the sets, and their shares and conditions, if any (``rows/tree_entries.py``). For a
route that answers its calls itself, ``refuse:403:reason`` or ``unavailable`` follows the mark, so that no shorter
prefix gets those calls. A node with an older configuration answers such calls with 404, and those of routes with a
condition: it sends them to nobody. It ignores shares.
"""

from __future__ import annotations

from django.db.models import Q

from carriers.labels import inbound_route_label, outbound_route_label
from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.acceptance import accept_mtree
from kamailio_bridge.modules.acceptance.accepted import Handler
from kamailio_bridge.modules.base import (
    KamailioModule,
    Loaded,
    ModuleChanges,
    NodeNames,
    Projection,
    TableChanges,
    expect_text,
    join_first,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, as_list, parsing_answer
from kamailio_bridge.rows.ids import INBOUND_OFFSET, ROUTE_OFFSET, row_id
from kamailio_bridge.rows.marks import ENTRY_MARK
from kamailio_bridge.rows.route_entries import inbound_entry, outbound_entry
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.tree_entries import INBOUND, OUTBOUND, SENTINEL, names_sets, rule_in, shares_in
from kamailio_bridge.rows.types import Table, Values
from kamailio_bridge.tables.models import Mtree

TREE = "routes"
MAX_LOOK_UPS = 200  # changed routes are also looked up by number; a thousand look-ups would take seconds
CHARACTERS = frozenset("0123456789*#+ois")  # modparam char_list in our modules.cfg


def _leads_to_carrier(values: Values) -> bool:
    return str(values[_TPREFIX]).startswith(OUTBOUND) and names_sets(values[_TVALUE])


PREFIXES = Table(
    model=Mtree,
    columns=("id", "tprefix", "tvalue"),
    ours=Q(tvalue__startswith=ENTRY_MARK),
    exclusive=("tprefix",),
    carries_calls=_leads_to_carrier,
)
_TPREFIX, _TVALUE = map(PREFIXES.at, ("tprefix", "tvalue"))


class MtreeModule(KamailioModule):
    name = "mtree"
    tables = (PREFIXES,)
    reload_method = "mtree.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        projection.add(PREFIXES, "the routes' own mark", row_id(0, ROUTE_OFFSET), SENTINEL, ENTRY_MARK)
        for route in carriers.outbound_routes:
            value = outbound_entry(carriers, route)
            if value is not None:
                label = outbound_route_label(route)
                projection.add(PREFIXES, label, row_id(route.pk), OUTBOUND + route.prefix, value)
        for inbound in carriers.inbound_routes:
            value = inbound_entry(carriers, inbound)
            if value is not None:
                label = inbound_route_label(inbound)
                projection.add(PREFIXES, label, row_id(inbound.pk, INBOUND_OFFSET), INBOUND + inbound.prefix, value)
        return projection

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node has the tree ``routes``; a node may use mtree for something else."""
        if self.reload_method not in methods:
            return False
        try:
            return bool(as_list(rpc.call("mtree.summary", TREE)))
        except CallFailed:
            return False

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = node.rpc.call(self.reload_method, TREE)
        return expect_text(self.reload_method, answer, lambda text: text.startswith("Ok."))

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"{self.reload_method} {TREE}"]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"mtree.list {TREE}"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        loaded = dict(_entries(node.rpc))
        if changes is not None:
            # What a call would find: the tree is asked for a number that is the prefix itself.
            loaded |= {key: _match(node.rpc, key) for key in _asked(changes.tables[PREFIXES]) if key in loaded}
        expected = {row.values[_TPREFIX]: row for row in wanted.rows[PREFIXES].values()}
        problems = []
        missing = [row for prefix, row in expected.items() if loaded.get(str(prefix)) != row.values[_TVALUE]]
        if missing:
            problems.append(
                "Kamailio does not have "
                + join_first(f"{row.label} (mtree row {row.pk})" for row in missing)
                + " as it should be. Press Reload Kamailio again."
            )
        stray = sorted(
            prefix for prefix, value in loaded.items() if value.startswith(ENTRY_MARK) and prefix not in expected
        )
        if stray:
            problems.append(
                f"Kamailio still has routes that are no longer configured: {join_first(stray)}."
                " Press Reload Kamailio again."
            )
        return problems

    def unread(self, wanted: Projection) -> str:
        rows = wanted.rows[PREFIXES].values()
        shared = [row.label for row in rows if shares_in(row.values[_TVALUE])]
        limited = [row.label for row in rows if rule_in(row.values[_TVALUE])]
        sentences = []
        if shared:
            sentences.append(
                f"It does not read the shares of {join_first(shared)}: calls through it try the carrier groups in their"
                " order."
            )
        if limited:
            sentences.append(
                f"It does not read the conditions and carriers of {join_first(limited)}: through it these routes are"
                " for every call."
            )
        if sentences:
            sentences.append(f"Its configuration has no tree “{TREE}”.")
        return " ".join(sentences)

    def accept_handler(self, row: RowDrift) -> Handler | None:
        return accept_mtree.handler_of(row)

    def foreign_faults(self, loaded: Loaded) -> list[str]:
        """Name rows with a prefix that the tree can't hold. Most fail the reload, and the old tree stays in force."""
        return [
            f"row {pk} of the table mtree (tprefix “{tprefix}”) has a prefix that Kamailio can't load: put it right or"
            " remove it."
            for pk, tprefix in Mtree.objects.exclude(PREFIXES.ours).values_list("pk", "tprefix")
            if not tprefix or set(tprefix) - CHARACTERS
        ]


def _asked(changes: TableChanges) -> list[str]:
    rows = [*changes.adds.values(), *(row for _, row in changes.updates.values())]
    return [str(row.values[_TPREFIX]) for row in rows[:MAX_LOOK_UPS]]


def _match(rpc: Rpc, key: str) -> str:
    """Look up a number, as the SIP side does."""
    try:
        answer = rpc.call("mtree.match", TREE, key, "0")
    except CallFailed:
        return ""
    with parsing_answer("mtree.match"):
        return str(answer["TVALUE"])


def _entries(rpc: Rpc) -> list[tuple[str, str]]:
    """Return the loaded prefixes with their values. A prefix with several values has them newest first."""
    with parsing_answer("mtree.list"):
        return [(str(entry["tprefix"]), str(entry["tvalue"][0])) for entry in as_list(rpc.call("mtree.list", TREE))]
