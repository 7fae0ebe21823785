"""Answers for load balancers and supervisors: alive without any database, ready only with both as they must be."""

from __future__ import annotations

import logging

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from kamailio_bridge.tables import Version
from tests.scratch import scratch_database

both_databases = pytest.mark.django_db(databases=["default", "kamailio"])


def test_healthz_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")  # without a database fixture any query would be an error
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/healthz").status_code == 405


@both_databases
def test_ready_with_a_few_queries_for_anybody(client: Client) -> None:
    client.get("/readyz")
    with (
        CaptureQueriesContext(connections["default"]) as default,
        CaptureQueriesContext(connections["kamailio"]) as kamailio,
    ):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})
    assert len(default) + len(kamailio) <= 6
    assert client.post("/readyz").status_code == 405


@both_databases
def test_a_migration_that_is_not_applied(client: Client) -> None:
    MigrationRecorder(connections["default"]).record_unapplied("carriers", "0001_initial")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        "1 migrations are not applied, from carriers.0001_initial: run manage.py migrate."
    ]


@both_databases
def test_a_table_that_kamailio_could_not_read(client: Client) -> None:
    Version.objects.filter(table_name="mtree").update(table_version=8)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0].startswith("Table “mtree” in the database “kamailio” has version 8")


@both_databases
def test_a_database_that_is_down_is_named_and_nothing_else_is_told(
    client: Client, django_db_blocker: DjangoDbBlocker, caplog: pytest.LogCaptureFixture
) -> None:
    url = "mysql://somebody:hidden-word@127.0.0.1:1/kamailio"
    with django_db_blocker.unblock(), scratch_database("away", url), caplog.at_level(logging.WARNING):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": ["The database “away” can't be reached; the site's log says why."],
    }
    assert "Can't connect" in caplog.text
    assert "hidden-word" not in caplog.text


def test_behind_tls_neighbours_ask_without_it(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz/x").status_code == 301
    assert client.get("/admin/").status_code == 301
