"""Records of module uac on a real Kamailio: which of them a node is told to load again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from carriers.models import AuthCredential, CarrierGroup
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.uac_records import is_muted, records_of
from kamailio_bridge.modules.uac_rows import RECORDS
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.rows.marks import record_key
from tests.kamailio_bridge.builders import make_group
from tests.kamailio_bridge.listening import heard, listening_node

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

NAMES = ("edge", "other")


@pytest.fixture
def listening(node: Node) -> Iterator[Node]:
    """Return the real node behind a client that notes; afterwards it has no record again."""
    yield listening_node(node)
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


def accounts_by_owner() -> dict[str, str]:
    """Make groups with an account until each node owns one, and return an account's key for each node."""
    keys: dict[str, str] = {}
    while len(keys) < len(NAMES):
        group = make_group(f"Trunk {CarrierGroup.objects.count()}", "127.0.0.21")
        credential = AuthCredential(group=group, username="1000", registrar="127.0.0.21")
        credential.set_password("secret")
        credential.save()
        key = record_key(group.pk)
        keys[str(owner_of(key, NAMES))] = key
    return keys


def test_a_muted_record_is_loaded_again_only_by_the_node_that_registers_it(listening: Node) -> None:
    """The end of a registration mutes a record. On nodes that do not register it, it is to stay so."""
    for port, name in enumerate(NAMES, start=1):
        KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{port}/RPC")
    keys = accounts_by_owner()
    uac, plan = MODULES["uac"], make_plan()
    write(plan)
    wanted = plan.projections[uac]
    assert uac.reload(listening, wanted, None).startswith(f"{len(wanted.rows[RECORDS])} refreshed, 0 removed")
    for key in keys.values():
        listening.rpc.call("uac.reg_unregister", "l_uuid", key)
    records = records_of(listening.rpc, keys.values())
    rows = {row.values[1]: row for row in wanted.rows[RECORDS].values()}
    assert all(is_muted(rows[key], records[key]) for key in keys.values())
    heard(listening)
    uac.reload(listening, wanted, None)
    assert [call for call in heard(listening) if "reg_refresh" in call] == [f"uac.reg_refresh {keys['edge']}"]
