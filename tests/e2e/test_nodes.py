"""Three Kamailios on one database: each verified in its own time, and each account registered from one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from kamailio_bridge.apply.operations import apply, fail_over, retry
from kamailio_bridge.monitoring.status import read_status
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from tests.e2e.cluster import Cluster, bad_proxy, running_nodes
from tests.e2e.nodes import TOKEN
from tests.e2e.scene import to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NAMES = ("east", "north", "west")
TICK = 5.5  # s; a node looks every 3 s at what is its own, and every 2 s at what there is to register
ACCOUNTS = 36  # keys decide which node owns an account: of so many, no node is left without one


@pytest.fixture
def cluster(transactional_db: None, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    with running_nodes(tmp_path_factory.mktemp("cluster"), *NAMES) as processes:
        cluster = Cluster(processes)
        yield cluster
        cluster.close()


def test_each_account_is_registered_from_one_node(cluster: Cluster) -> None:
    accounts = [Account(f"trunk-{number}", f"secret of {number}", "carrier.example") for number in range(ACCOUNTS)]
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
    assert len(registrar.registers()) == 2 * ACCOUNTS, "two requests for each, and from nobody else"
    shown = read_status().registrations
    assert {registration.group: registration.node for registration in shown} == first
    assert {registration.state for registration in shown} == {"registered"}
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
    assert len(registrar.registers()) == 2 * (ACCOUNTS + len(own))
    # One goes for good: what was its own moves, and nothing else registers again.
    cluster.processes["west"].stop()
    before = {username: len(registrar.registers(username)) for username in first}
    gone = {username for username, name in first.items() if name == "west"}
    unknown = [one for one in read_status().registrations if one.state != "registered"]
    assert {one.group for one in unknown} == gone
    assert {(one.state, one.node) for one in unknown} == {("unreachable", "west")}
    for username in gone:
        del registrar.bindings[username]
    result = fail_over(author=None, node="west")
    assert result.outcome == "verified", result.sentence
    assert "Node west itself could not be told, so if it still runs, stop it" in result.sentence
    registrar.wait_until_registered(*gone)
    settled(TICK)
    second = cluster.registered_from(registrar)
    assert {username for username in first if first[username] != second[username]} == gone
    assert {username for username in first if len(registrar.registers(username)) != before[username]} == gone
    assert registrar.faults == []
    assert apply(author=None).outcome == "nothing"


def test_from_one_node_to_several_and_back(cluster: Cluster) -> None:
    """What stays where it is does not register again; what moves is ended where it was."""
    accounts = [Account(f"trunk-{number}", f"secret of {number}", "carrier.example") for number in range(ACCOUNTS)]
    registrar = cluster.registrar(*accounts)
    for account in accounts:
        cluster.credential(cluster.group(account.username, to(registrar)), account, registrar)
    KamailioNode.objects.exclude(name="east").update(enabled=False)
    cluster.apply()
    registrar.wait_until_registered(*registrar.accounts)
    assert set(cluster.registered_from(registrar).values()) == {"east"}
    before = {account.username: len(registrar.registers(account.username)) for account in accounts}
    KamailioNode.objects.update(enabled=True)
    cluster.apply()
    settled(TICK)
    spread = cluster.registered_from(registrar)
    assert set(spread.values()) == set(NAMES)
    moved = {username for username, name in spread.items() if name != "east"}
    assert {username for username in before if len(registrar.registers(username)) != before[username]} == moved
    assert set(registrar.ended) == moved
    for name in ("north", "west"):
        result = fail_over(author=None, node=name)
        assert result.ok, result.sentence
        assert f"Node {name} was told: it registers nothing any more." in result.sentence
    cluster.processes["west"].stop()
    cluster.processes["west"].start()  # a disabled node that starts again registers nothing, whatever was there before
    settled(TICK)
    assert set(cluster.registered_from(registrar).values()) == {"east"}
    assert {username for username in before if len(registrar.registers(username)) != before[username]} == moved
    assert registrar.faults == []


def test_a_stopped_a_slow_and_a_babbling_node_delay_nobody(cluster: Cluster) -> None:
    """East is well, north is stopped, west is behind a proxy that is slow first and then babbles."""
    carrier = cluster.carrier()
    group = cluster.group("Acme", to(carrier, strip=1))
    cluster.route("9", group)
    cluster.apply()
    first = stored_revision()
    said: list[str] = []
    cluster.processes["north"].stop()
    with bad_proxy(cluster.processes["west"].parameters.rpc().url, "slow") as proxy:
        KamailioNode.objects.filter(name="west").update(rpc_url=proxy.url, time_limit=2)
        group.endpoints.update(strip=2)
        result = apply(author=None, progress=said.append)
        assert result.outcome == "behind"
        number = result.revision
        order = [line.split()[1].rstrip(":") for line in said if line.startswith("Node ")]
        assert order[-1] == "west"
        assert sorted(order) == sorted(NAMES)
        by_name = {node.name: node for node in result.nodes}
        assert by_name["east"].sentence == f"runs revision {number}, verified."
        assert "connection refused" in by_name["north"].sentence
        assert "did not answer within 2 s" in by_name["west"].sentence
        assert cluster.pbx.call("91234", cluster.proxy_of("east")).code == 200
        assert carrier.numbers == ["234"]
        proxy.manner = "garbage"
        result = retry(author=None, names=["west"])
        assert "something that is no JSON-RPC answer" in result.sentence
        assert revision_by_name(number) == {"east": True, "north": False, "west": False}
        # The stopped one loads the tables when it starts, and says so by itself.
        cluster.processes["north"].start()
        states = {node.name: node for node in read_status().nodes}
        assert (states["north"].revision, states["north"].in_step) == (number, True)
        assert states["north"].sentence == f"runs revision {number}, in step."
        assert not states["west"].reachable
        said_by_command = StringIO()
        with pytest.raises(SystemExit):
            call_command("kamailio_status", stdout=said_by_command)
        lines = said_by_command.getvalue()
        assert re.search(rf"^node east \(.*\): runs revision {number}, in step\.$", lines, re.MULTILINE)
        assert re.search(rf"^node north \(.*\): runs revision {number}, in step\.$", lines, re.MULTILINE)
        assert re.search(r"^node west \(.*\): .* no JSON-RPC answer", lines, re.MULTILINE)
        assert cluster.pbx.call("91234", cluster.proxy_of("north")).code == 200
        # West itself never heard of it.
        assert revision_on_node(cluster.processes["west"].parameters.rpc(5)) == first
        proxy.manner = "good"
        behind = retry(author=None, names=["west"])
        assert behind.outcome == "verified"
        assert behind.sentence == f"Node west runs revision {number}: reloaded and verified."
        assert retry(author=None, names=NAMES).ok
        assert revision_by_name(number) == dict.fromkeys(NAMES, True)
        assert Revision.objects.count() == 2, "a retry makes no revision"
        again = retry(author=None, names=NAMES)
        assert (again.outcome, [node.reloaded for node in again.nodes]) == ("nothing", [False] * 3)
    assert read_status().nodes[0].in_step
    assert [invite.uri for invite in carrier.invites] == [f"sip:234@{carrier.host_port}"] * 2


def test_the_page_says_per_node_what_happened(cluster: Cluster, admin_client: Client) -> None:
    cluster.route("9", cluster.group("Acme", to(cluster.carrier())))
    cluster.processes["north"].stop()
    with bad_proxy(cluster.processes["west"].parameters.rpc().url, "garbage") as proxy:
        KamailioNode.objects.filter(name="west").update(rpc_url=proxy.url)
        html = admin_client.post("/admin/kamailio/reload/", follow=True).content.decode()
        number = stored_revision()
        assert f"<strong>Node east</strong>: runs revision {number}, verified." in html
        assert re.search(r"<strong>Node north</strong>: [^<]*connection refused", html)
        assert re.search(r"<strong>Node west</strong>: [^<]*something that is no JSON-RPC answer", html)
        now = {name: admin_client.get(f"/admin/kamailio/nodes/{name}/now/").json() for name in NAMES}
        assert [now[name]["state"] for name in NAMES] == ["in step", "unreachable", "unreachable"]
        assert now["east"]["revision"] == str(number)
        assert re.match(r"kamailio [56]\.", now["east"]["version"])
        proxy.manner = "good"
        cluster.processes["north"].start()
        html = admin_client.post("/admin/kamailio/nodes/retry/", follow=True).content.decode()
        assert "Verified on every node" in html
        assert {admin_client.get(f"/admin/kamailio/nodes/{name}/now/").json()["state"] for name in NAMES} == {"in step"}


def test_a_retried_node_that_was_right_registers_nothing_anew(cluster: Cluster) -> None:
    accounts = [Account(f"trunk-{number}", f"secret of {number}", "carrier.example") for number in range(6)]
    registrar = cluster.registrar(*accounts)
    for account in accounts:
        cluster.credential(cluster.group(account.username, to(registrar)), account, registrar)
    cluster.apply()
    registrar.wait_until_registered(*registrar.accounts)
    settled(TICK)
    before = len(registrar.registers())
    Revision.objects.update(nodes=[], outcome=Revision.Outcome.BEHIND)  # as after a crash: nobody is known to be right
    result = retry(author=None, names=NAMES)
    assert [node.reloaded for node in result.nodes] == [True] * 3
    assert result.ok, result.sentence
    settled(TICK)
    assert len(registrar.registers()) == before


def test_a_node_by_another_name_is_told(cluster: Cluster) -> None:
    """Its memory is right, but after a restart it would register what is another's."""
    registrar = cluster.registrar(Account("1000", "secret", "carrier.example"))
    cluster.credential(cluster.group("Acme", to(registrar)), Account("1000", "secret", "carrier.example"), registrar)
    KamailioNode.objects.filter(name="west").update(name="south")
    result = apply(author=None)
    assert result.outcome == "behind"
    assert "Node south: uac: It calls itself “west”" in result.sentence
    assert "set DSIPROUTER_NODE=south in its environment and restart it" in result.sentence


def revision_by_name(number: int | None) -> dict[str, bool]:
    return {entry["name"]: entry["ok"] for entry in Revision.objects.get(pk=number).nodes}
