"""Metrics: for those with the token, right with any number of web workers, and cheap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from carriers.models import AuthCredential, CarrierGroup
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.revisions.models import Revision
from tests.kamailio_bridge.builders import make_group

TOKEN = "token-of-prometheus"

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture(autouse=True)
def metrics_on(settings: Settings) -> Iterator[None]:
    settings.DSIPROUTER_METRICS_TOKEN = TOKEN
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def no_node(settings: Settings) -> None:
    settings.DSIPROUTER_RPC_PORT = 1


def scrape(client: Client) -> dict[str, float]:
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} "])
def test_without_the_token_nobody_reads_them(client: Client, shown: str) -> None:
    answer = client.get("/metrics", headers={"authorization": shown}, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 401
    assert "dsiprouter_" not in answer.content.decode()


def test_without_a_token_in_the_settings_there_are_none(client: Client, settings: Settings) -> None:
    settings.DSIPROUTER_METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.usefixtures("no_node")
def test_applies_by_outcome_and_their_time(client: Client) -> None:
    started = timezone.now() - timedelta(minutes=1)
    for outcome, seconds in (("verified", 2.0), ("verified", 0.5), ("behind", 4.0), ("writing", None)):
        revision = Revision.objects.create(outcome=outcome)
        finished = None if seconds is None else started + timedelta(seconds=seconds)
        Revision.objects.filter(pk=revision.pk).update(started=started, finished=finished)
    told = scrape(client)
    assert told["dsiprouter_applies_total verified"] == 2
    assert told["dsiprouter_applies_total behind"] == 1
    assert told["dsiprouter_applies_total writing"] == 1
    assert told["dsiprouter_applies_total failed"] == 0
    assert told["dsiprouter_apply_seconds_count"] == 3
    assert told["dsiprouter_apply_seconds_sum"] == pytest.approx(6.5)
    assert told["dsiprouter_last_apply_timestamp_seconds"] == pytest.approx(started.timestamp() + 4)


@pytest.mark.usefixtures("no_node")
def test_carriers_and_pending_changes(client: Client) -> None:
    before = scrape(client)
    assert (before["dsiprouter_endpoints true"], before["dsiprouter_plan_ok"]) == (0, 1)
    group = make_group("Acme", "127.0.0.21", "127.0.0.22")
    group.endpoints.filter(host="127.0.0.22").update(enabled=False)
    CarrierGroup.objects.create(name="Off", enabled=False)
    told = scrape(client)
    assert (told["dsiprouter_endpoints true"], told["dsiprouter_endpoints false"]) == (1, 1)
    assert (told["dsiprouter_carrier_groups true"], told["dsiprouter_carrier_groups false"]) == (1, 1)
    assert told["dsiprouter_waiting_changes"] > before["dsiprouter_waiting_changes"]


@pytest.mark.usefixtures("no_node")
def test_a_node_that_is_down(client: Client) -> None:
    told = scrape(client)
    assert (told["dsiprouter_node_up local"], told["dsiprouter_node_in_step local"]) == (0, 0)
    assert told["dsiprouter_revision"] == 0


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_a_node_in_step_and_behind_and_its_registrations(client: Client, node: Node, settings: Settings) -> None:
    settings.DSIPROUTER_RPC_PORT = int(re.findall(r":(\d+)/", node.rpc.url)[0])
    settings.DSIPROUTER_RPC_TOKEN = node.rpc.token
    credential = AuthCredential(group=make_group("Acme", "127.0.0.21"), username="1000", registrar="127.0.0.21")
    credential.set_password("a secret that stays one")
    credential.save()
    told = scrape(client)
    assert (told["dsiprouter_node_up local"], told["dsiprouter_registrations not applied"]) == (1, 1)
    result = apply(author=None)
    assert result.ok, result.sentence
    cache.clear()
    told = scrape(client)
    assert (told["dsiprouter_node_up local"], told["dsiprouter_node_in_step local"]) == (1, 1)
    assert told["dsiprouter_revision"] == result.revision
    assert told["dsiprouter_registrations not applied"] == 0
    assert sum(value for name, value in told.items() if name.startswith("dsiprouter_registrations")) == 1
    credential.group.delete()
    assert apply(author=None, allow_empty=True, nodes=[]).revision is not None
    told = scrape(client)
    assert told["dsiprouter_revision"] > result.revision
    assert (told["dsiprouter_node_up local"], told["dsiprouter_node_in_step local"]) == (1, 0)


@pytest.mark.usefixtures("no_node")
def test_a_scrape_costs_the_same_with_many_carriers(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connections["default"]) as captured:
            scrape(client)
        return len(captured)

    make_group("first", "127.0.0.21")
    scrape(client)
    few = queries()
    for number in range(20):
        make_group(f"group {number}", "127.0.0.21", "127.0.0.22")
    assert queries() == few
