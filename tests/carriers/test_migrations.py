"""Data of earlier versions: what a migration makes of it, on every database engine."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

LATEST = "0004_names_composed_and_addresses_as_ipv4"
pytestmark = pytest.mark.own_database


def migrate(alias: str, migration: str) -> Any:
    """Migrate the carriers up to a migration, and return the models of that state."""
    executor = MigrationExecutor(connections[alias])
    executor.migrate([("carriers", migration)])
    return MigrationExecutor(connections[alias]).loader.project_state([("carriers", migration)]).apps


def test_routes_of_before_fall_through_and_new_ones_do_not(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("routes_of_before")
    before = migrate(alias, "0002_sources_go_with_their_owner")
    before.get_model("carriers", "OutboundRoute").objects.using(alias).create(prefix="9")
    pbx = before.get_model("carriers", "PBX").objects.using(alias).create(name="office", host="192.0.2.9")
    before.get_model("carriers", "InboundRoute").objects.using(alias).create(prefix="1", pbx=pbx)
    after = migrate(alias, "0003_routes_that_refuse")
    outbound, inbound = (after.get_model("carriers", name) for name in ("OutboundRoute", "InboundRoute"))
    route = outbound.objects.using(alias).get()
    assert (route.fall_through, route.refuse_code, route.refuse_reason) == (True, None, "")
    assert inbound.objects.using(alias).get().fall_through
    assert not outbound.objects.using(alias).create(prefix="8").fall_through
    assert not inbound.objects.using(alias).create(prefix="2", pbx_id=pbx.pk).fall_through


def test_groups_of_before_pass_all_headers_and_new_ones_do_not(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("headers_of_before")
    migrate(alias, "0005_failover_policy").get_model("carriers", "CarrierGroup").objects.using(alias).create(name="Old")
    groups = migrate(alias, "0006_caller_identity").get_model("carriers", "CarrierGroup").objects.using(alias)
    assert groups.get().header_filter == "none"
    assert groups.create(name="New").header_filter == "unknown_x"


def test_names_and_addresses_of_before_take_their_forms_of_today(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("forms_of_before")
    before = migrate(alias, "0003_routes_that_refuse")

    def models(apps: Any) -> list[Any]:
        names = ("CarrierGroup", "Endpoint", "PBX", "SourceNetwork", "AuthCredential")
        return [apps.get_model("carriers", name).objects.using(alias) for name in names]

    groups, endpoints, pbxs, sources, credentials = models(before)
    group = groups.create(name="Acme")
    endpoint = endpoints.create(group=group, host="192.0.2.1", position=1)
    pbx = pbxs.create(name="office", host="192.0.2.9")
    source = sources.create(group=group, network="203.0.113.0/24")
    twin = sources.create(group=group, network="198.51.100.0/24")
    credential = credentials.create(group=group, username="1000", registrar="192.0.2.1")
    for table, column, value, key in (
        ("carriergroup", "name", unicodedata.normalize("NFD", "Größe"), group.pk),
        ("endpoint", "name", unicodedata.normalize("NFD", "Zürich"), endpoint.pk),
        ("endpoint", "host", "::ffff:cb00:7107", endpoint.pk),
        ("pbx", "host", "::ffff:203.0.113.9", pbx.pk),
        ("sourcenetwork", "network", "::ffff:cb00:7100/120", twin.pk),
        ("authcredential", "registrar", "::ffff:cb00:7107", credential.pk),
    ):
        with connections[alias].cursor() as cursor:  # past the fields, which store today's forms
            statement = f"UPDATE carriers_{table} SET {column} = %s WHERE id = %s"  # noqa: S608 - ours
            cursor.execute(statement, [value, key])
    groups, endpoints, pbxs, sources, credentials = models(migrate(alias, LATEST))
    assert list(groups.values_list("name", flat=True)) == ["Größe"]
    assert list(endpoints.values_list("name", "host")) == [("Zürich", "203.0.113.7")]
    assert pbxs.get().host == "203.0.113.9"
    assert list(sources.values_list("pk", "network")) == [(source.pk, "203.0.113.0/24")]
    assert credentials.get().registrar == "203.0.113.7"


def test_two_groups_that_looked_the_same_are_both_kept(
    empty_database: Callable[[str], str], engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alias = empty_database("same_names")
    groups = migrate(alias, "0003_routes_that_refuse").get_model("carriers", "CarrierGroup").objects.using(alias)
    keys = [groups.create(name=name).pk for name in ("first", "second", "third")]
    wanted = [unicodedata.normalize("NFD", "Größe"), "größe", "Acme"]
    if engine == "mariadb":  # its index takes the two for one
        wanted[1] = "other"
    for key, name in zip(keys, wanted, strict=True):
        with connections[alias].cursor() as cursor:
            cursor.execute("UPDATE carriers_carriergroup SET name = %s WHERE id = %s", [name, key])
    after = migrate(alias, LATEST).get_model("carriers", "CarrierGroup").objects.using(alias)
    names = list(after.order_by("pk").values_list("name", flat=True))
    assert names == (["Größe (2)", "größe", "Acme"] if engine == "sqlite" else ["Größe", "other", "Acme"])
    said = capsys.readouterr().out
    assert ("is named “Größe (2)” now: another carrier group has a name that looks the same" in said) == (
        engine == "sqlite"
    )
