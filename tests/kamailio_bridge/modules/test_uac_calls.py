"""The RPC commands of module uac that the expert's view of a plan shows: pure functions of the rows."""

from __future__ import annotations

from typing import Any

import pytest

from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.base import ModuleChanges, Projection
from kamailio_bridge.modules.uac_records import FEW
from kamailio_bridge.modules.uac_rows import L_UUID, OWNERS, RECORDS
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.plan.make import difference
from kamailio_bridge.rows.types import Values
from tests.kamailio_bridge.projected import project
from tests.kamailio_bridge.records import carriers, credential, group

UAC = MODULES["uac"]
EDGE = Node("edge", Rpc("http://127.0.0.1:1/RPC", "token", 1))  # never asked


def projected(*pks: int, nodes: tuple[str, ...] = (), **values: Any) -> Projection:
    return project("uac", carriers(*(group(pk, credential=credential(pk, **values)) for pk in pks)), nodes)


def stored(projection: Projection, **replaced: str) -> dict[Any, dict[int, Values]]:
    """Return what the tables hold after the projection was written; ``replaced`` are keys that were edited since."""
    rows: dict[Any, dict[int, Values]] = {}
    for table in (RECORDS, OWNERS):
        rows[table] = {pk: row.values for pk, row in projection.rows[table].items()}
    for pk, values in rows[RECORDS].items():
        key = replaced.get(str(values[L_UUID]).replace("-", "_"), values[L_UUID])
        rows[RECORDS][pk] = (*values[:L_UUID], key, *values[L_UUID + 1 :])
    return rows


def changes(before: dict[Any, dict[int, Values]], after: Projection) -> ModuleChanges:
    return ModuleChanges(
        UAC, {table: difference(table, after.rows[table], before[table]) for table in (RECORDS, OWNERS)}
    )


def reload_calls(before: Projection, after: Projection, **replaced: str) -> list[str]:
    return UAC.reload_calls(EDGE, after, changes(stored(before, **replaced), after))


def test_a_new_record_is_loaded() -> None:
    assert reload_calls(projected(1), projected(1, 3, 2)) == [
        "htable.reload records",
        "uac.reg_refresh carrier-2",
        "uac.reg_refresh carrier-3",
    ]


def test_a_record_that_goes_ends_its_registration() -> None:
    assert reload_calls(projected(1, 2, 3), projected(2)) == [
        "htable.reload records",
        "uac.reg_unregister l_uuid carrier-1  # if it is registered",
        "uac.reg_unregister l_uuid carrier-3  # if it is registered",
        "uac.reg_remove carrier-1",
        "uac.reg_remove carrier-3",
    ]


@pytest.mark.parametrize("values", [{"expires": 600}, {"realm": "other"}, {"ha1": "0" * 32}, {"port": 5070}])
def test_a_record_that_changes_is_loaded_again(values: dict[str, Any]) -> None:
    assert reload_calls(projected(1), projected(1, **values)) == ["htable.reload records", "uac.reg_refresh carrier-1"]


def test_a_record_that_is_only_switched_off_is_not_loaded_again() -> None:
    assert reload_calls(projected(1), projected(1, register=False)) == [
        "htable.reload records",
        "uac.reg_disable l_uuid carrier-1  # if it is on",
    ]
    assert reload_calls(projected(1, register=False), projected(1)) == [
        "htable.reload records",
        "uac.reg_enable l_uuid carrier-1  # if it is off",
    ]


def test_a_key_that_somebody_edited_is_removed_from_the_node() -> None:
    """The node may have loaded it, and would register it for ever."""
    assert reload_calls(projected(1), projected(1), carrier_1="carrier-99") == [
        "htable.reload records",
        "uac.reg_unregister l_uuid carrier-99  # if it is registered",
        "uac.reg_remove carrier-99",
        "uac.reg_refresh carrier-1",
    ]


def test_an_owner_switches_its_records_on_and_others_switch_them_off() -> None:
    ours, theirs = projected(1, nodes=("edge",)), projected(1, nodes=("other",))
    owners = "htable.reload owners"
    assert reload_calls(theirs, ours) == [owners, "uac.reg_enable l_uuid carrier-1  # if it is off"]
    assert reload_calls(ours, theirs) == [owners, "uac.reg_disable l_uuid carrier-1  # if it is on"]


def test_a_changed_record_is_switched_on_by_its_owner_alone() -> None:
    calls = reload_calls(projected(1, nodes=("edge",)), projected(1, nodes=("edge",), expires=600))
    assert calls == [
        "htable.reload records",
        "uac.reg_refresh carrier-1",
        "uac.reg_enable l_uuid carrier-1  # if it is off",
    ]
    calls = reload_calls(projected(1, nodes=("other",)), projected(1, nodes=("other",), expires=600))
    assert calls == [
        "htable.reload records",
        "uac.reg_unregister l_uuid carrier-1  # if it is registered",
        "uac.reg_refresh carrier-1",
    ]


def test_a_node_of_which_nothing_is_known_is_compared_as_a_whole() -> None:
    assert UAC.reload_calls(EDGE, projected(1), None) == [
        "htable.reload owners",
        "htable.reload records",
        "uac.reg_dump",
        "uac.reg_remove KEY  # for each credential that is no longer configured",
        "uac.reg_refresh KEY  # for each credential that differs",
    ]
    assert UAC.verify_calls(EDGE, projected(1), None) == ["uac.reg_dump"]


def test_few_records_are_verified_one_by_one_and_many_by_a_dump() -> None:
    none, few = projected(), projected(*range(1, FEW + 1))
    many = projected(*range(1, FEW + 2))
    assert UAC.verify_calls(EDGE, few, changes(stored(none), few)) == sorted(
        f"uac.reg_info l_uuid carrier-{pk}" for pk in range(1, FEW + 1)
    )
    assert UAC.verify_calls(EDGE, many, changes(stored(none), many)) == ["uac.reg_dump"]
