"""From carriers to the records of module uac, and the nodes that register them: pure, tested without a database."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.snapshots.records import Carriers
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.uac_rows import L_UUID, OWNERS, RECORDS
from tests.kamailio_bridge.projected import project, rows
from tests.kamailio_bridge.records import (
    HA1,
    carriers,
    credential,
    group,
)

UAC = MODULES["uac"]


def records(state: Carriers, nodes: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return rows("uac", state, "uacreg", nodes)


def owners(state: Carriers, *nodes: str) -> dict[str, str]:
    """Return which node registers which record."""
    return {row["key_name"]: row["key_value"] for row in rows("uac", state, "htable", nodes)}


def test_a_credential_is_a_record_with_its_digest_only() -> None:
    state = carriers(group(8, credential=credential(1, transport="tcp", port=5070, expires=600)))
    (row,) = records(state)
    assert row["l_uuid"] == row["l_username"] == "carrier-8"
    assert (row["auth_password"], row["auth_ha1"]) == ("", HA1)
    assert row["auth_proxy"] == "sip:sip.acme.example:5070;transport=tcp"
    assert (row["r_domain"], row["realm"], row["expires"], row["flags"]) == (
        "sip.acme.example",
        "sip.acme.example",
        600,
        0,
    )


def test_a_credential_that_does_not_register_is_disabled_there() -> None:
    (row,) = records(carriers(group(8, credential=credential(1, register=False))))
    assert row["flags"] == 1


def test_the_credential_of_a_disabled_group_has_no_record() -> None:
    assert records(carriers(group(8, enabled=False, credential=credential(1)))) == []


def test_a_password_that_cannot_be_read_is_reported() -> None:
    projection = project("uac", carriers(group(8, name="Acme", credential=credential(1, ha1=None))))
    assert not any(projection.rows.values())
    assert "enter the password again" in projection.warnings[0].text
    assert "Acme" in projection.warnings[0].where


@pytest.mark.parametrize("nodes", [(), ("one", "two")])
def test_a_record_whose_password_cannot_be_read_stays_as_it_stands(nodes: tuple[str, ...]) -> None:
    """Whether it registers still follows the nodes: where they are entered, the record itself is a disabled one."""
    readable = project("uac", carriers(group(8, credential=credential(1))))
    (stored,) = (row.values for row in readable.rows[RECORDS].values())
    projection = project("uac", carriers(group(8, credential=credential(1, ha1=None, realm="another"))), nodes)
    projection.take_kept(RECORDS, {stored[0]: stored})
    (row,) = projection.rows[RECORDS].values()
    changed = {column for column, old, new in zip(RECORDS.columns, stored, row.values, strict=True) if old != new}
    assert changed == ({"flags"} if nodes else set())
    assert len(projection.rows[OWNERS]) == (1 if nodes else 0)


def test_the_local_node_registers_everything_and_needs_no_owner() -> None:
    state = carriers(group(8, credential=credential(1)))
    assert owners(state) == {}
    assert [row["flags"] for row in records(state)] == [0]


def test_a_single_node_that_is_entered_owns_everything() -> None:
    """Another one that was disabled may still run: it must not take the credentials for its own."""
    state = carriers(group(8, credential=credential(1)))
    assert owners(state, "edge") == {"dsiprouter:owner:carrier-8": "edge"}
    assert [row["flags"] for row in records(state, ("edge",))] == [1]


def test_with_several_nodes_each_credential_that_registers_has_one_owner() -> None:
    state = carriers(
        group(8, credential=credential(1)), group(9, credential=credential(2, register=False)), group(10, enabled=False)
    )
    found = owners(state, "a", "b", "c")
    assert list(found) == ["dsiprouter:owner:carrier-8"]
    assert set(found.values()) < {"a", "b", "c"}
    assert [row["flags"] for row in records(state, ("a", "b", "c"))] == [1, 1], "the owner alone switches it on"


def test_a_node_that_goes_moves_only_its_own_and_one_that_comes_takes_its_share() -> None:
    state = carriers(*(group(pk, credential=credential(pk)) for pk in range(1, 301)))
    three, two = owners(state, "a", "b", "c"), owners(state, "c", "a")
    moved = {key for key in three if three[key] != two[key]}
    assert moved == {key for key, owner in three.items() if owner == "b"}
    assert {two[key] for key in moved} == {"a", "c"}
    for name in ("a", "b", "c"):
        assert 70 <= list(three.values()).count(name) <= 130


@pytest.mark.parametrize("before", [(), ("a",), ("a", "b", "c")])
@pytest.mark.parametrize("nodes", [(), ("a",), ("b", "c")])
def test_accounts_are_shared_again_without_asking_the_carriers(before: tuple[str, ...], nodes: tuple[str, ...]) -> None:
    """What the tables hold is enough: a failover applies no pending change."""
    state = carriers(
        *(group(pk, credential=credential(pk)) for pk in range(1, 9)),
        group(9, credential=credential(9, register=False)),
    )
    shared = UAC.spread(project("uac", state, before), nodes)
    wanted = project("uac", state, nodes)
    for table in (RECORDS, OWNERS):
        assert {pk: row.values for pk, row in shared.rows[table].items()} == {
            pk: row.values for pk, row in wanted.rows[table].items()
        }


def test_a_record_that_only_looks_like_ours_is_not_shared() -> None:
    stored = project("uac", carriers(group(8, credential=credential(1))))
    ((pk, row),) = stored.rows[RECORDS].items()
    stored.rows[RECORDS][pk] = row.with_value(L_UUID, "carrier-abc")
    shared = UAC.spread(stored, ("a", "b"))
    assert shared.rows[RECORDS] == stored.rows[RECORDS]
    assert not shared.rows[OWNERS]
