"""Calls from carriers that have names: the collector admits the addresses that DNS gives.

``test_names.py`` runs this file where 127.0.0.53 answers for all names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.collector.collect import Collector
from kamailio_bridge.collector.models import KEPT, HostName
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.questions.route_lookup import route_test
from kamailio_bridge.questions.who_is import who_is
from kamailio_bridge.tables.models import Name
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.name_server import NameServer

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NAME = "sip.acme.example"


@pytest.fixture(scope="session")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start a Kamailio that has an IPv6 address, too."""
    with running_node(tmp_path_factory.mktemp("edge"), sip_ipv6_address="::1") as process:
        yield process


@pytest.fixture
def group(scene: Scene) -> CarrierGroup:
    """A group whose only endpoint has a name."""
    group = scene.group("Acme", {"host": NAME, "port": None})
    scene.route("9", group)
    scene.apply()
    return group


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def collector(said: list[str], names: NameServer) -> Collector:
    return Collector(said.append)


def ask_again(scene: Scene, collector: Collector) -> None:
    """Make a round after every TTL is over."""
    HostName.objects.update(asked=timezone.now() - timedelta(minutes=2))
    assert collector.round([scene.node])


def code_of(scene: Scene, caller: UserAgent) -> int:
    """Let a carrier call, and end the call."""
    call = caller.call("4930123", scene.proxy)
    code = call.wait().code
    if code == 200:
        assert call.bye() == 200
    return code


def test_only_dns_knows_the_caller(
    scene: Scene, group: CarrierGroup, names: NameServer, collector: Collector, said: list[str]
) -> None:
    """The call is the group's. When DNS changes, the new address is admitted, and the old one no more."""
    old, new = scene.carrier(), scene.carrier()
    names.records = {
        ("_sip._udp.sip.acme.example.", "SRV"): ["10 0 5060 one.acme.example."],
        ("one.acme.example.", "A"): [old.address],
    }
    assert code_of(scene, old) == 403
    assert collector.round([scene.node])
    assert said[0].startswith(f"{NAME} leads to {old.address}: asked at ")
    assert said[0].endswith("valid for 2 s.")
    assert code_of(scene, old) == 200
    assert f"carrier-{group.pk}" in scene.report()
    assert code_of(scene, new) == 403
    names.records["one.acme.example.", "A"] = [new.address]
    ask_again(scene, collector)
    assert (code_of(scene, new), code_of(scene, old)) == (200, 403)


def test_what_the_questions_say(scene: Scene, group: CarrierGroup, names: NameServer, collector: Collector) -> None:
    carrier = scene.carrier()
    names.records[f"{NAME}.", "A"] = [carrier.address]
    assert collector.round([scene.node])
    who = who_is(carrier.address, nodes=[scene.node])
    assert not who.differs
    assert {answer.sentence for answer in who.answers} == {
        f"Admitted as a carrier: a host name of carrier group “Acme”, by {carrier.address}/32."
    }
    assert who.notes[0].startswith(f"{NAME} leads to {carrier.address}: asked at ")
    tested = route_test("914443332222", nodes=[scene.node])
    assert any(note.startswith(f"{NAME} leads to {carrier.address}") for note in tested.notes)
    scene.group("Later", to(carrier))
    assert "carrier group “Later”" in who_is(carrier.address, live=False).answers[0].sentence, "addresses come first"


def test_ipv6(scene: Scene, group: CarrierGroup, names: NameServer, collector: Collector) -> None:
    caller = scene.carrier(address="::1")
    names.records[f"{NAME}.", "AAAA"] = ["::1"]
    assert collector.round([scene.node])
    parameters = scene.process.parameters
    call = caller.call("4930123", f"[::1]:{parameters.sip_port}")
    assert call.wait().code == 200
    assert call.bye() == 200


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("fault", ["gone", "failing", "silent"])
def test_a_name_that_stops_resolving_keeps_its_addresses_for_a_day(
    scene: Scene, names: NameServer, collector: Collector, said: list[str], fault: str
) -> None:
    carrier = scene.carrier()
    names.records[f"{NAME}.", "A"] = [carrier.address]
    assert collector.round([scene.node])
    if fault == "gone":
        names.records = {}
    else:
        getattr(names, fault).add(f"{NAME}.")
    ask_again(scene, collector)
    why = {
        "gone": "it has no A and no AAAA record.",
        "failing": "the name servers answer with an error.",
        "silent": "no name server answers within 3 s.",
    }[fault]
    assert f"{NAME} does not resolve: {why} {carrier.address}, of " in said[-1]
    assert code_of(scene, carrier) == 200
    HostName.objects.update(resolved=timezone.now() - KEPT)
    ask_again(scene, collector)
    assert "are not admitted any more." in HostName.objects.get().sentence
    assert code_of(scene, carrier) == 403


def test_whose_names_count(scene: Scene, group: CarrierGroup, names: NameServer, collector: Collector) -> None:
    """Not before a reload, not of endpoints that only take calls, and never against the address of a PBX."""
    carrier = scene.carrier()
    names.records = {
        (f"{NAME}.", "A"): [carrier.address],
        ("later.example.", "A"): ["127.30.8.77"],
        ("pbx.example.", "A"): [scene.pbx.address],
    }
    later = Endpoint.objects.create(group=group, host="later.example", position=2)
    assert collector.round([scene.node])
    assert list(Name.objects.values_list("key_name", "key_value")) == [(carrier.address, f"carrier-{group.pk}")]
    Endpoint.objects.filter(pk=later.pk).update(host="pbx.example", direction="inbound")
    scene.apply()
    ask_again(scene, collector)
    assert scene.dial("1555").code == 404, (
        "the PBX has no outbound route for it; a carrier's call would take the inbound"
    )
    Endpoint.objects.update(direction="outbound")
    scene.apply()
    ask_again(scene, collector)
    assert not Name.objects.exists()
    Endpoint.objects.update(direction="both")
    CarrierGroup.objects.update(admit_names=False)
    scene.apply()
    ask_again(scene, collector)
    assert not Name.objects.exists()


def test_a_node_that_starts_knows_the_addresses(
    scene: Scene, group: CarrierGroup, names: NameServer, collector: Collector, said: list[str]
) -> None:
    """And one that is down is named, once, and told later."""
    carrier = scene.carrier()
    names.records[f"{NAME}.", "A"] = [carrier.address]
    scene.process.stop()
    assert not collector.round([scene.node])
    assert not collector.round([scene.node])
    assert [
        sentence for sentence in said if sentence.startswith("Node edge does not load the addresses of names: ")
    ] == [said[-1]]
    scene.process.start()
    scene.wait_until(lambda: code_of(scene, carrier) == 200)
    assert collector.round([scene.node])
