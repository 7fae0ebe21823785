"""Records of module uac on a real Kamailio: which of them a node is told to load again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from carriers.models import AuthCredential, CarrierGroup
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.base import Projection
from kamailio_bridge.modules.uac_records import is_muted, records_of
from kamailio_bridge.modules.uac_rows import OWNERS, RECORDS
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.rows.marks import record_key
from kamailio_bridge.tables.models import Uacreg
from tests.kamailio_bridge.builders import make_group
from tests.kamailio_bridge.listening import heard, listening_node

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

NAMES = ("edge", "other")
UAC = MODULES["uac"]


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
    plan = make_plan()
    write(plan)
    wanted = plan.projections[UAC]
    assert UAC.reload(listening, wanted, None).startswith(f"{len(wanted.rows[RECORDS])} refreshed, 0 removed")
    for key in keys.values():
        listening.rpc.call("uac.reg_unregister", "l_uuid", key)
    records = records_of(listening.rpc, keys.values())
    rows = {row.values[1]: row for row in wanted.rows[RECORDS].values()}
    assert all(is_muted(rows[key], records[key]) for key in keys.values())
    heard(listening)
    UAC.reload(listening, wanted, None)
    assert [call for call in heard(listening) if "reg_refresh" in call] == [f"uac.reg_refresh {keys['edge']}"]


@pytest.fixture
def keys(listening: Node) -> dict[str, str]:
    """Load an account for each of two nodes, of which the real one is ``edge``; return their keys by owner."""
    for port, name in enumerate(NAMES, start=1):
        KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{port}/RPC")
    keys = accounts_by_owner()
    plan = make_plan()
    write(plan)
    UAC.reload(listening, plan.projections[UAC], None)
    heard(listening)
    return {name: keys[name] for name in NAMES}


def problems(node: Node, wanted: Projection) -> list[str]:
    """Return what is wrong on the node, but for its name: the Kamailio of the tests does not call itself ``edge``."""
    found = UAC.verify(node, wanted, None)
    name = [problem for problem in found if problem.startswith("It calls itself “local”, so after a restart it would")]
    assert len(name) == (1 if wanted.rows[OWNERS] else 0)
    return [problem for problem in found if problem not in name]


def label(key: str) -> str:
    return f"carrier group “{CarrierGroup.objects.get(pk=key.removeprefix('carrier-')).name}”"


def test_a_record_of_another_tool_stays_on_the_node(listening: Node, keys: dict[str, str]) -> None:
    values = {"l_username": "other", "l_domain": "local.example", "r_username": "other", "r_domain": "127.0.0.21"}
    values |= {"realm": "other.example", "auth_username": "other", "auth_password": "x", "auth_proxy": "sip:127.0.0.21"}
    Uacreg.objects.create(pk=9000, l_uuid="other-1", expires=3600, **values)
    listening.rpc.call("uac.reg_refresh", "other-1")
    assert "other-1" in records_of(listening.rpc, None)
    wanted = make_plan().projections[UAC]
    assert UAC.reload(listening, wanted, None).startswith("0 refreshed, 0 removed, ")
    assert problems(listening, wanted) == []
    assert "other-1" in records_of(listening.rpc, None)
    listening.rpc.call("uac.reg_remove", "other-1")


def test_whatever_differs_on_the_node_is_named_and_the_next_reload_mends_it(
    listening: Node, keys: dict[str, str]
) -> None:
    wanted = make_plan().projections[UAC]
    assert problems(listening, wanted) == []
    ours, theirs = keys["edge"], keys["other"]
    disturbances = {
        ("uac.reg_disable", "l_uuid", ours): f"It should register {label(ours)} but does not. Reload again.",
        ("uac.reg_enable", "l_uuid", theirs): f"It registers {label(theirs)} but should not. Reload again.",
        ("uac.reg_remove", ours): f"Kamailio did not take the credential of {label(ours)}. Its log says why.",
    }
    mending = ["uac.reg_enable l_uuid", "uac.reg_disable l_uuid", "uac.reg_refresh"]
    for (call, sentence), mended in zip(disturbances.items(), mending, strict=True):
        listening.rpc.call(*call)
        assert problems(listening, wanted) == [sentence]
        heard(listening)
        UAC.reload(listening, wanted, None)
        assert f"{mended} {call[-1]}" in heard(listening)
        assert problems(listening, wanted) == []


def test_a_record_that_is_no_longer_configured_is_named_and_removed(listening: Node, keys: dict[str, str]) -> None:
    AuthCredential.objects.all().delete()
    plan = make_plan()
    write(plan)
    wanted = plan.projections[UAC]
    (problem,) = problems(listening, wanted)
    assert problem.startswith("Kamailio still holds the removed credentials carrier-")
    assert problem.endswith(". Reload again.")
    heard(listening)
    assert "0 refreshed" in UAC.reload(listening, wanted, None)
    assert {f"uac.reg_remove {key}" for key in keys.values()} <= set(heard(listening))
    assert problems(listening, wanted) == []
    assert not [key for key in records_of(listening.rpc, None) if key.startswith("carrier-")]
