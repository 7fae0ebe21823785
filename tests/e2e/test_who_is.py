"""Who a source address is: what the product says equals what a real Kamailio does with a request from there."""

from __future__ import annotations

import random
import re

import pytest

from carriers.models import PBX, CarrierGroup, Endpoint, InboundRoute, SourceNetwork
from kamailio_bridge.questions.who_is import WhoIs, who_is
from kamailio_bridge.tables.models import Address
from tests.e2e.scene import Scene
from tests.e2e.sip.agent import UserAgent

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

SEED = 20_261_124
ROUNDS = 12
ADDRESSES = ("127.31.4.1", "127.31.4.130", "127.31.5.1", "127.31.200.7", "127.32.0.1")
NETWORKS = ("127.31.0.0/16", "127.31.4.0/24", "127.31.4.0/23", "127.31.4.128/25", *(f"{each}/32" for each in ADDRESSES))


def shuffle_sources(dice: random.Random) -> None:
    """Give two carrier groups and two PBXs networks at random, entered in random order."""
    CarrierGroup.objects.all().delete()
    PBX.objects.exclude(name="office").delete()
    groups = [CarrierGroup.objects.create(name=name, enabled=dice.random() < 0.9) for name in ("Acme", "Backup")]
    pbxs = [PBX.objects.create(name=name, host="127.30.9.9", enabled=dice.random() < 0.8) for name in ("one", "two")]
    wanted = [{"group": group, "network": network} for group in groups for network in dice.sample(NETWORKS, k=4)]
    wanted += [
        {"pbx": pbx, "network": network} for pbx in pbxs for network in dice.sample(NETWORKS, k=dice.randint(0, 2))
    ]
    dice.shuffle(wanted)
    for values in wanted:
        SourceNetwork.objects.create(**values)
    for group in groups:
        direction = dice.choice(["both", "inbound", "outbound"])
        Endpoint.objects.create(group=group, host=dice.choice(ADDRESSES), direction=direction)


def what_happens(scene: Scene, agent: UserAgent, number: str) -> str:
    """Call, and return whose the call was: the tag of the row by which it was admitted, or ``403``."""
    answer = agent.call(number, scene.proxy).wait()
    if answer.code == 403:
        return "403"
    assert answer.start in ("SIP/2.0 404 No outbound route", "SIP/2.0 404 No inbound route"), answer.start
    found = re.search(rf"{number} from (\S+) has no (inbound|outbound) route", scene.report())
    assert found, scene.report()
    assert (found[2] == "outbound") == found[1].startswith("pbx-")
    return found[1]


def said(who: WhoIs) -> list[str]:
    return [answer.source.tag if answer.source else "403" for answer in who.answers]


def test_it_equals_what_kamailio_does_with_60_requests(scene: Scene) -> None:
    InboundRoute.objects.all().delete()
    dice = random.Random(SEED)
    agents = {address: scene.carrier(address=address) for address in ADDRESSES}
    kinds = set()
    for number_of_round in range(ROUNDS):
        shuffle_sources(dice)
        scene.apply(allow_empty=True)
        for index, (address, agent) in enumerate(agents.items()):
            real = what_happens(scene, agent, f"7{number_of_round:03}{index}")
            assert said(who_is(address, nodes=[scene.node])) == [real] * 3, (number_of_round, address)
            kinds.add(real.partition("-")[0])
    assert kinds == {"403", "carrier", "pbx"}


def test_which_of_two_networks_counts(scene: Scene) -> None:
    """Single addresses before networks; among networks the first entered; among equal addresses the last."""
    InboundRoute.objects.all().delete()
    agent = scene.carrier(address="127.31.4.1")
    wide, narrow, single, equal = (scene.group(name) for name in ("wide", "narrow", "single", "equal"))
    order = [(wide, "127.31.0.0/16"), (narrow, "127.31.4.0/24"), (single, "127.31.4.1/32"), (equal, "127.31.4.1/32")]
    for group, network in order:
        SourceNetwork.objects.create(group=group, network=network)
    for number, expected in enumerate([equal, single, wide, narrow]):
        scene.apply(allow_empty=True)
        assert what_happens(scene, agent, f"6{number}") == f"carrier-{expected.pk}"
        who = who_is("127.31.4.1", nodes=[scene.node])
        assert said(who) == [f"carrier-{expected.pk}"] * 3
        assert len({tuple(other.words for other in answer.others) for answer in who.answers}) == 1
        expected.sources.all().delete()


def test_a_row_of_another_program_and_a_node_that_is_behind(scene: Scene) -> None:
    scene.apply(allow_empty=True)
    Address.objects.create(id=900, grp=9, ip_addr="127.31.0.0", mask=16, tag="theirs")
    Address.objects.create(id=901, grp=9, ip_addr="127.32.0.1", mask=32, port=5099, tag="one port")
    Address.objects.create(id=902, grp=9, ip_addr="not-an-ip", mask=32, tag="name")
    who = who_is("127.31.4.1", nodes=[scene.node])
    assert said(who) == ["403", "theirs", "403"]
    assert who.differs
    scene.node.rpc.call("permissions.addressReload")
    who = who_is("127.31.4.1", nodes=[scene.node])
    assert said(who) == ["403", "theirs", "theirs"]
    assert who.answers[1].sentence == "Admitted as a PBX: row 900 of another program (“theirs”), by 127.31.0.0/16."
    who = who_is("127.32.0.1", nodes=[scene.node])
    assert said(who) == ["403"] * 3
    assert [other.words for other in who.answers[2].others] == ["127.32.0.1/32 of “one port”, from port 5099 only"]
