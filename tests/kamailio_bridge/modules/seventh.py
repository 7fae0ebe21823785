"""A seventh Kamailio module, unknown to the product: it blocks the prefixes of routes that refuse calls."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.test.utils import isolate_apps

from carriers.labels import outbound_route_label
from carriers.models import OutboundRoute
from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.acceptance.accepted import Handler, found_values, get_locked, save_valid
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    RegistrationCount,
    expect_text,
    join_first,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc, as_list
from kamailio_bridge.rows.ids import row_id
from kamailio_bridge.rows.marks import ROUTE_MARK, route_mark
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Table
from kamailio_bridge.tables.models import KamailioTable, number, text

with isolate_apps():  # no other test is to find the table among those of the product

    class BlockedPrefix(KamailioTable):
        """Prefixes that nobody may call, each with the code that opens it."""

        db_table_version = 3
        reads_types_strictly = True
        lenient_columns = frozenset({"priority"})

        id = models.AutoField(primary_key=True)
        prefix = text(32)
        code = text(64)
        priority = number()
        description = text(64)

        class Meta(KamailioTable.Meta):
            abstract = False
            app_label = "kamailio_bridge"
            db_table = "blocked_prefix"

        def __str__(self) -> str:
            return self.prefix


BLOCKED = Table(
    model=BlockedPrefix,
    columns=("id", "prefix", "code", "priority", "description"),
    ours=Q(description__startswith=ROUTE_MARK),
    exclusive=("prefix",),
    secret=frozenset({"code"}),
)
_PREFIX = BLOCKED.at("prefix")


class BlockedModule(KamailioModule):
    name = "blocked"
    tables = (BLOCKED,)
    reload_method = "blocked.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        for route in carriers.outbound_routes:
            if route.enabled and route.refuse_code is not None:
                label, code = outbound_route_label(route), f"code-{route.pk}"
                projection.add(BLOCKED, label, row_id(route.pk), route.prefix, code, 0, route_mark(route.pk))
        return projection

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = node.rpc.call(self.reload_method)
        return expect_text(self.reload_method, answer, lambda text: text == "loaded")

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        held = set(map(str, as_list(node.rpc.call("blocked.list"))))
        missing = [row.label for row in wanted.rows[BLOCKED].values() if row.values[_PREFIX] not in held]
        return [f"Kamailio does not block {join_first(missing)}."] if missing else []

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return ["blocked.list"]

    def count_registrations(self, rpc: Rpc) -> RegistrationCount:
        return RegistrationCount(registered=1, to_register=2)

    def notes_on_call(self, number: str, destinations: object) -> list[str]:
        return [f"A node that blocks prefixes may refuse {number}."]

    def accept_handler(self, row: RowDrift) -> Handler | None:
        return _change_prefix if row.kind == "changed" else None


def _change_prefix(row: RowDrift) -> models.Model:
    route: OutboundRoute = get_locked(OutboundRoute, row.pk - row_id(0))
    route.prefix = str(found_values(row)["prefix"])
    save_valid(route)
    return route
