"""Three Kamailios on one database: each verified in its own time, and each account registered from one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from kamailio_bridge.apply import apply, take_over
from tests.e2e.cluster import Cluster, running_nodes
from tests.e2e.nodes import TOKEN
from tests.e2e.scene import to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NAMES = ("east", "north", "west")
TICK = 5.5  # s; a node looks every 3 s at what is its own, and every 2 s at what there is to register


@pytest.fixture
def cluster(transactional_db: None, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    with running_nodes(tmp_path_factory.mktemp("cluster"), *NAMES) as processes:
        cluster = Cluster(processes)
        yield cluster
        cluster.close()


def test_each_account_is_registered_from_one_node(cluster: Cluster) -> None:
    accounts = [Account(f"trunk-{number}", f"secret of {number}", "carrier.example") for number in range(12)]
    challenges = {account.username: Challenge(account) for account in accounts[:1]}
    registrar = cluster.registrar(*accounts, behaviour=challenges["trunk-0"])
    groups = [cluster.group(account.username, to(registrar)) for account in accounts]
    for group, account in zip(groups, accounts, strict=True):
        cluster.credential(group, account, registrar)
    cluster.route("9", groups[0])
    cluster.apply()
    registrar.wait_until_registered(*registrar.accounts)
    first = cluster.registered_from(registrar)
    assert set(first.values()) == set(NAMES)
    settled(TICK)
    assert len(registrar.registers()) == 24, "two requests for each, and from nobody else"
    # A challenge is answered on any node, whoever registers.
    for number, name in enumerate(NAMES, start=1):
        assert cluster.pbx.call("91", cluster.proxy_of(name)).code == 200
        assert len(challenges["trunk-0"].accepted) == number
    # A node that starts again registers its own and nothing else.
    cluster.processes["north"].stop()
    cluster.processes["north"].start()
    own = {username for username, name in first.items() if name == "north"}
    settled(TICK)
    assert cluster.registered_from(registrar) == first
    assert len(registrar.registers()) == 24 + 2 * len(own)
    # One goes for good: what was its own moves, and nothing else registers again.
    cluster.processes["west"].stop()
    before = {username: len(registrar.registers(username)) for username in first}
    gone = {username for username, name in first.items() if name == "west"}
    for username in gone:
        del registrar.bindings[username]
    result = take_over(author=None, node="west")
    assert result.outcome == "verified", result.sentence
    registrar.wait_until_registered(*gone)
    settled(TICK)
    second = cluster.registered_from(registrar)
    assert {username for username in first if first[username] != second[username]} == gone
    assert {username for username in first if len(registrar.registers(username)) != before[username]} == gone
    assert registrar.faults == []
    assert apply(author=None).outcome == "nothing"
