"""Imports lead down: which room may import which is in floors.py."""

from __future__ import annotations

import sys

import pytest

from tests.layout.floors import FLOOR_OF, FLOORS, TOGETHER
from tests.layout.imports import PACKAGES, ROOT, Import, dotted_name, imports_of, room_of, sources


def fault_of(found: Import) -> str | None:
    """Say what is wrong with an import and where the code belongs, or return None."""
    importer, imported = room_of(found.importer), room_of(found.imported)
    if importer == imported or imported.split(".")[0] not in PACKAGES or {importer, imported} in TOGETHER:
        return None
    where = f"{found.file}:{found.line}"
    if imported not in FLOOR_OF:
        return f"{where} imports {found.imported}, which is in no room of tests/layout/floors.py."
    above, here = FLOOR_OF[imported], FLOOR_OF[importer]
    if above < here:
        return None
    side = "on the same floor" if above == here else "on a floor above"
    lower = ", ".join(FLOORS[here - 1]) if here else "none"
    return (
        f"{where}: {importer} imports {found.imported}, {side}. {importer} answers “{FLOORS[here][importer]}”,"
        f" {imported} “{FLOORS[above][imported]}”. Move what both need down (the next floor has {lower}), pass it as an"
        f" argument, or move the code that needs it to {imported} or above."
    )


def test_imports_lead_down() -> None:
    found = [fault_of(each) for package in PACKAGES for path in sources(package) for each in imports_of(path)]
    assert len(found) > 1000
    assert [fault for fault in found if fault] == []


def test_every_room_is_on_a_floor() -> None:
    rooms = {room_of(dotted_name(path)) for package in PACKAGES for path in sources(package)} - set(PACKAGES)
    assert sorted(rooms - FLOOR_OF.keys()) == []
    assert sorted(FLOOR_OF.keys() - rooms) == []
    assert sum(map(len, FLOORS)) == len(FLOOR_OF)


def test_threads_ask_side_by_side_in_three_places_only() -> None:
    """Each of them has a time limit and an error boundary for each; others go through ``ask_nodes``."""
    found = {
        each.importer
        for package in PACKAGES
        for path in sources(package)
        for each in imports_of(path)
        if each.imported.startswith(("concurrent.futures", "multiprocessing"))
    }
    nodes = {"kamailio_bridge.apply.reload_nodes", "kamailio_bridge.nodes.ask_all"}
    assert found == {*nodes, "kamailio_bridge.collector.collect"}


@pytest.mark.parametrize(
    ("importer", "imported", "reported"),
    [
        ("kamailio_bridge.plan.make", "kamailio_bridge.apply.lock.Claim", "on a floor above. kamailio_bridge.plan ans"),
        ("carriers.labels", "carriers.refusals.reason_of", "on the same floor"),
        ("carriers.models.groups", "kamailio_bridge.nodes.node", "on a floor above"),
        ("carriers.admin.groups", "kamailio_bridge.kitchen.sink", "in no room of tests/layout/floors.py"),
        ("kamailio_bridge.apply.lock", "kamailio_bridge.plan.make.Plan", None),
        ("kamailio_bridge.apply.lock", "kamailio_bridge.apply.operations", None),
        ("kamailio_bridge.apply.lock", "django.db.models", None),
        ("dsiprouter.models", "dsiprouter.logins.sessions", None),
    ],
)
def test_a_wrong_import_says_where_the_code_belongs(importer: str, imported: str, reported: str | None) -> None:
    fault = fault_of(Import("some/file.py", 7, importer, imported))
    assert fault is None if reported is None else fault is not None and reported in fault and "some/file.py:7" in fault


def test_packages_are_empty() -> None:
    """An __init__ with code makes importing a module import its neighbours: these are registries, or Django's."""
    registries = {"carriers/models", "carriers/admin", "carriers/documents", "kamailio_bridge/modules"}
    registries |= {"kamailio_bridge/admin"}
    full = {
        str(path.parent.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        if path.name == "__init__.py" and path.read_text(encoding="utf-8").count("\n") > 1
    }
    assert full == registries


def test_what_kamailio_s_unit_asks_needs_nothing_but_python() -> None:
    """deploy/check-rpc-address and deploy/check-sip-address run before there is a virtual environment."""
    for name in ("rpc_address", "sip_address"):
        path = ROOT / "kamailio_bridge" / "nodes" / f"{name}.py"
        foreign = {found.imported for found in imports_of(path)} - {"__future__.annotations"}
        assert foreign, path
        assert [each for each in foreign if each.split(".")[0] not in sys.stdlib_module_names] == []
