"""A row of another program with the key of a row of ours: ours gets another key, and nothing is delayed."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connections

from carriers.models import AuthCredential, CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, PBX_OFFSET
from kamailio_bridge.rows.marks import REVISION_KEY
from kamailio_bridge.tables.models import (
    Address,
    Dispatcher,
    DrGateway,
    DrGwList,
    DrRule,
    Htable,
    KamailioTable,
    Mtree,
    Uacreg,
)
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route
from tests.kamailio_bridge.plan.test_foreign_rows import calls_go_to

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

# What another program writes into each table, without a key: the database chooses it.
OTHERS: dict[type[KamailioTable], dict[str, object]] = {
    Address: {"grp": 1, "ip_addr": "192.0.2.77", "mask": 32, "port": 0, "tag": "another tool"},
    Dispatcher: {"setid": 777, "destination": "sip:192.0.2.77:5060", "description": "another tool"},
    Mtree: {"tprefix": "4977", "tvalue": "7"},
    Uacreg: {"l_uuid": "another tool", "l_username": "another tool", "l_domain": "x", "r_username": "x"},
    Htable: {"key_name": "another tool", "key_value": "1"},
    DrGateway: {"type": 0, "address": "192.0.2.77", "description": "another tool"},
    DrGwList: {"gwlist": "777", "description": "another tool"},
    DrRule: {"groupid": "1", "prefix": "49", "timerec": "", "routeid": "", "gwlist": "777", "description": "other"},
}


def insert(table: type[KamailioTable], **values: object) -> int:
    """Add a row as another program does, without a key, and return the key that it got."""
    columns = {**OTHERS[table], **values}
    quote = connections["kamailio"].ops.quote_name
    names = ", ".join(map(quote, columns))
    marks = ", ".join(["%s"] * len(columns))
    with connections["kamailio"].cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(table._meta.db_table)} ({names}) VALUES ({marks})", [*columns.values()])  # noqa: S608
        return int(cursor.lastrowid)


def add_another(number: int) -> CarrierGroup:
    """Add an object of each kind: with them a row of ours for each key that there is."""
    group = make_group(f"Group {number}", f"127.0.1.{number}", selection="weight")
    group.sources.create(network=f"127.0.2.{number}/32")
    credential = AuthCredential(group=group, username=f"{number}", registrar="127.0.3.1")
    credential.set_password("a password of a carrier")
    credential.save()
    pbx = make_pbx(f"PBX {number}", f"127.0.4.{number}", f"127.0.5.{number}/32")
    make_inbound_route(f"44{number}", pbx)
    make_route(f"9{number}", group)
    make_route(f"8{number}", group, *CarrierGroup.objects.exclude(pk=group.pk).order_by("pk")[:1])
    return group


def insert_next(table: type[KamailioTable]) -> int:
    """Add a row on the key after the highest, which a fresh table gives; those of the tests have counted further."""
    key = int(table._default_manager.order_by("-pk").values_list("pk", flat=True)[0]) + 1
    return insert(table, **{str(table._meta.pk.name): key})


def unlike_others(table: type[KamailioTable], text: str) -> dict[str, object]:
    """Return values for the columns of a table in which no two rows may be alike."""
    if table is Mtree:
        return {"tprefix": f"49{text}"}
    return {"l_uuid": f"other {text}", "l_username": f"other {text}"} if table is Uacreg else {}


def is_ours(values: dict[str, object]) -> bool:
    """Say whether a row is one of ours, by what the others hold."""
    text = " ".join(map(str, values.values()))
    return "another tool" not in text and "other" not in text and not str(values.get("tprefix", "")).startswith("49")


def rows_by_meaning() -> dict[str, list[object]]:
    """Return our rows without their keys; lists and rules with the gateways that they come to."""
    gateways = {row.pk: row.attrs for row in DrGateway.objects.all()}
    lists = {
        row.pk: [gateways[int(key)] for key in row.gwlist.split(",")]
        for row in DrGwList.objects.exclude(description="another tool")
    }
    found: dict[str, list[object]] = {}
    for table in OTHERS:
        rows = [row for row in table._default_manager.values() if is_ours(row)]
        for row in rows:
            key = row.pop(table._meta.pk.name)
            if table is DrGwList:
                row["gwlist"] = lists[key]
            if table is DrRule:
                row["gwlist"] = lists[int(row["gwlist"].removeprefix("#"))]
        found[table._meta.db_table] = sorted(rows, key=str)
    return found


def test_what_others_insert_is_on_no_key_that_an_object_of_ours_then_lacks() -> None:
    """Whatever a program inserts between our applies, each later object gets its rows, and a plan settles."""
    add_another(1)
    write(make_plan())
    others: dict[type[KamailioTable], list[int]] = {table: [] for table in OTHERS}
    for number in range(2, 5):
        for table, keys in others.items():
            keys += [insert(table, **unlike_others(table, f"{number}{copy}")) for copy in range(2)]
        add_another(number)
        plan = make_plan()
        assert (plan.problems, plan.left_out) == ([], [])
        write(plan)
        assert make_plan().lines() == []
    for table, keys in others.items():
        assert table._default_manager.filter(pk__in=keys).count() == len(keys) == 6, table
    assert Dispatcher.objects.filter(description__startswith="carrier-group:").count() == 4
    assert Address.objects.filter(tag__startswith="carrier-").count() == 8


def test_rows_mean_the_same_on_whatever_keys_they_stand() -> None:
    """Rows of others on every key that the first objects would have; lists and rules name the keys that there are."""
    group = add_another(1)
    write(make_plan())
    usual = rows_by_meaning()
    ours = {table: set(table._default_manager.values_list("pk", flat=True)) for table in OTHERS}
    for table, values in OTHERS.items():
        table._default_manager.all().delete()
        for key in ours[table]:
            table._default_manager.create(pk=key, **{**values, **unlike_others(table, str(key))})
    write(make_plan())
    assert make_plan().lines() == []
    assert rows_by_meaning() == usual
    for table, keys in ours.items():
        assert not {*table._default_manager.exclude(pk__in=keys).values_list("pk", flat=True)} & keys
        table._default_manager.filter(pk__in=keys).delete()
    assert make_plan().lines() == []  # a row that moved stays where it is
    group.endpoints.update(strip=3)
    write(make_plan())
    assert DrGateway.objects.get(pk=group.endpoints.get().pk).strip == 3  # and goes home when it changes
    assert make_plan().lines() == []
    assert DrGwList.objects.filter(gwlist=str(group.endpoints.get().pk)).exists()


def press(node: Node) -> ApplyResult:
    return apply(author=None, nodes=[node])


def test_a_real_node_takes_rows_on_moved_keys_and_an_emergency_disable(node: Node) -> None:
    """The report of it: a row in address or dispatcher gets our next key, and then nothing could be disabled."""
    first = make_group("Acme", "127.0.0.21")
    make_route("9", first)
    assert press(node).ok
    others = [insert_next(Address), insert_next(Dispatcher)]
    assert others == [ENDPOINT_ADDRESS_OFFSET + first.endpoints.get().pk + 1, first.endpoints.get().pk + 1]
    second = make_group("Backup", "127.0.0.22")
    make_route("8", second)
    result = press(node)
    assert result.ok, result.sentence
    assert calls_go_to(node) == ["sip:914443332222@127.0.0.21:5060"]
    assert read_drift().sentences() == []
    first.enabled = False
    first.save()
    assert press(node).ok
    assert not calls_go_to(node)[0].startswith("sip:")
    second.endpoints.update(strip=2)
    assert press(node).ok
    assert make_plan().lines() == []
    assert Address.objects.get(pk=others[0]).tag == "another tool"
    CarrierGroup.objects.all().delete()
    assert apply(author=None, nodes=[node], allow_empty=True).ok
    assert list(Dispatcher.objects.values_list("pk", flat=True)) == [others[1]]


def test_a_row_that_was_moved_and_then_changed_by_somebody_is_drift_and_is_restored(node: Node) -> None:
    group = make_group("Acme", "127.0.0.21")
    assert press(node).ok
    other = insert_next(Dispatcher)
    endpoint = Endpoint.objects.create(group=group, host="127.0.0.23", position=2)
    assert endpoint.pk == other
    assert press(node).ok
    moved = Dispatcher.objects.exclude(pk=other).order_by("-pk")[0]
    assert moved.attrs.startswith(f"gwid={endpoint.pk};")  # the log and the route test still find the endpoint
    Dispatcher.objects.filter(pk=moved.pk).update(priority=1)
    (sentence,) = read_drift().sentences()
    assert f"row {moved.pk} of the table dispatcher was changed: priority is 1 instead of 9999" in sentence
    assert press(node).ok
    assert Dispatcher.objects.get(pk=moved.pk).priority == 9999


def test_the_row_with_the_revision_gives_way_too(node: Node) -> None:
    other = Htable.objects.create(pk=PBX_OFFSET, key_name="another tool", key_value="1")
    make_group("Acme", "127.0.0.21")
    first = press(node)
    assert first.ok, first.sentence
    row = Htable.objects.get(key_name=REVISION_KEY)
    assert row.pk != other.pk
    make_group("Backup", "127.0.0.22")
    assert press(node).ok
    other.delete()
    make_group("Third", "127.0.0.24")
    assert press(node).ok
    assert Htable.objects.get(key_name=REVISION_KEY).pk == row.pk


def test_a_row_that_comes_between_our_look_and_our_write(node: Node) -> None:
    """On SQLite nothing can: the write lock is ours from the look on. On MariaDB we look again."""
    database = connections["kamailio"]
    if database.vendor == "sqlite":
        assert database.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    endpoint = make_group("Acme", "127.0.0.21").endpoints.get()
    inserted: list[int] = []

    def insert_between() -> None:
        inserted.append(insert(Dispatcher, id=endpoint.pk))
        connections.close_all()

    def progress(step: str) -> None:
        if step.startswith("Writing") and database.vendor == "mysql" and not inserted:
            other = Thread(target=insert_between)
            other.start()
            other.join()

    result = apply(author=None, nodes=[node], progress=progress)
    assert result.ok, result.sentence
    assert len(inserted) == (database.vendor == "mysql")
    assert Dispatcher.objects.exclude(pk__in=inserted).count() == 1
    assert read_drift().sentences() == []
