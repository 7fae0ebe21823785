"""A number in each form that RFC 3966 and RFC 4694 allow: what does not count is removed, what does is sent on."""

from __future__ import annotations

import pytest

from carriers.models import PBX, CarrierGroup, InboundRoute
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "+15551234567"
SEPARATED = ["+1-555-123-4567", "+1(555)123.4567", "+1.555.123.4567", "%2B1-555-123-4567", "+1%28555%29123%2D4567"]
CARRIED = {
    "{number};npdi;rn=+15559990000": ";npdi;rn=+15559990000",
    "{number};npdi": ";npdi",
    "{number};cic=+12881": ";cic=+12881",
    "{number};rn=+15559990000;phone-context=+1;ext=12": ";rn=+15559990000;phone-context=+1;ext=12",
    "{number};tgrp=trunk-7;trunk-context=sbc.example": ";tgrp=trunk-7;trunk-context=sbc.example",
}


@pytest.fixture
def carrier(scene: Scene) -> UserAgent:
    """Return a carrier that strips one character and writes 00 in front, the only one for numbers with a plus sign."""
    carrier, rest = scene.carrier(), scene.carrier()
    scene.route("+1", scene.group("Acme", to(carrier, strip=1, prefix="00")))
    scene.route("", scene.group("Rest", to(rest)))
    scene.apply()
    return carrier


@pytest.fixture
def branch_office(scene: Scene) -> UserAgent:
    """Return a PBX that has the numbers with +1555."""
    agent = scene.carrier(address="127.30.9.2")
    row = PBX.objects.create(name="branch office", host=agent.address, port=agent.port)
    InboundRoute.objects.create(prefix="+1555", pbx=row)
    return agent


def with_account(scene: Scene, caller: UserAgent, username: str) -> CarrierGroup:
    """Enter the caller as a carrier at which we have an account, and apply."""
    group = scene.group("Trunk", to(caller))
    account = Account(username, "secret of the account", "carrier.test")
    scene.credential(group, account, caller, register=False)
    scene.apply()
    return group


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_separators_do_not_count_outbound(scene: Scene, carrier: UserAgent, transport: str) -> None:
    codes = [scene.dial(number, transport=transport).code for number in SEPARATED]
    assert codes == [200] * len(SEPARATED)
    assert carrier.numbers == ["0015551234567"] * len(SEPARATED)


def test_separators_do_not_count_inbound(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    scene.group("Acme", to(caller))
    scene.apply()
    codes = [caller.call(number, scene.proxy).code for number in SEPARATED]
    codes.append(caller.call("", scene.proxy, uri="tel:+1-555-123-4567").code)
    assert codes == [200] * 6
    assert branch_office.numbers == [NUMBER] * 6
    assert scene.pbx.invites == []


def test_a_name_keeps_its_hyphens(scene: Scene) -> None:
    caller = scene.carrier()
    scene.group("Acme", to(caller))
    scene.apply()
    assert caller.call("front-desk.2", scene.proxy).code == 200
    assert scene.pbx.numbers == ["front-desk.2"]
    assert scene.dial("front-desk.2").code == 404


def test_separators_alone_are_no_number(scene: Scene, carrier: UserAgent) -> None:
    assert [scene.dial(number).code for number in ("-", "(.)")] == [484, 484]
    assert carrier.received == []


@pytest.mark.parametrize(("form", "kept"), CARRIED.items())
@pytest.mark.parametrize("phone", ["", ";user=phone"])
def test_parameters_of_the_number_are_sent_on(
    scene: Scene, carrier: UserAgent, form: str, kept: str, phone: str
) -> None:
    user = form.format(number=NUMBER)
    assert scene.dial(NUMBER, uri=f"sip:{user}@{scene.proxy}{phone}").code == 200
    assert carrier.uris == [f"sip:0015551234567{kept}@{carrier.host_port}{phone}"]


def test_parameters_behind_the_host_belong_to_the_number(scene: Scene, carrier: UserAgent) -> None:
    codes = [
        scene.dial(NUMBER, uri=f"sip:{NUMBER}@{scene.proxy};npdi;rn=+15559990000;user=phone").code,
        scene.dial(NUMBER, uri=f"sip:{NUMBER}@{scene.proxy};transport=udp;phone-context=+1").code,
    ]
    assert codes == [200, 200]
    assert carrier.uris == [
        f"sip:0015551234567;npdi;rn=+15559990000@{carrier.host_port};user=phone",
        f"sip:0015551234567;phone-context=+1@{carrier.host_port}",
    ]


def test_a_tel_uri_is_a_sip_uri_with_user_phone(scene: Scene, carrier: UserAgent) -> None:
    codes = [
        scene.dial(NUMBER, uri="tel:+1-555-123-4567").code,
        scene.dial(NUMBER, uri="tel:+1-555-123-4567;npdi;rn=+15559990000").code,
    ]
    assert codes == [200, 200]
    assert carrier.uris == [
        f"sip:0015551234567@{carrier.host_port};user=phone",
        f"sip:0015551234567;npdi;rn=+15559990000@{carrier.host_port};user=phone",
    ]


def test_each_attempt_gets_the_parameters(scene: Scene) -> None:
    first, second = scene.carrier(), scene.carrier()
    first.behaviour = lambda incoming: incoming.reply(503)
    scene.route("", scene.group("Acme", to(first, strip=2), to(second, transport="tcp", prefix="7")))
    scene.apply()
    assert scene.dial(NUMBER, uri=f"sip:{NUMBER};npdi@{scene.proxy};user=phone").code == 200
    assert first.uris == [f"sip:5551234567;npdi@{first.host_port};user=phone"]
    assert second.uris == [f"sip:7{NUMBER};npdi@{second.host_port};transport=tcp;user=phone"]


def test_parameters_are_sent_on_to_the_pbx(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    scene.group("Acme", to(caller))
    scene.apply()
    assert caller.call(NUMBER, scene.proxy, uri=f"sip:{NUMBER};npdi;rn=+1555@{scene.proxy};user=phone").code == 200
    assert branch_office.uris == [f"sip:{NUMBER};npdi;rn=+1555@{branch_office.host_port};user=phone"]


@pytest.mark.parametrize("parameters", [";a=<x>", ";" + "a" * 300, ";;", ';a="b"'])
def test_what_can_not_be_sent_on_is_refused(scene: Scene, carrier: UserAgent, parameters: str) -> None:
    uri = f"sip:{NUMBER}{parameters}@{scene.proxy}"
    assert scene.dial(NUMBER, uri=uri, to=f"{NUMBER}@{scene.proxy}").code == 400
    assert carrier.received == []


@pytest.mark.parametrize("uri", ["sips:+15551234567@{proxy}", "SIPS:+15551234567@{proxy};transport=tcp"])
def test_sips_is_refused_in_both_directions(scene: Scene, carrier: UserAgent, uri: str) -> None:
    target = uri.format(proxy=scene.proxy)
    assert scene.dial(NUMBER, uri=target).wait().start == "SIP/2.0 416 SIPS needs TLS"
    assert carrier.call(NUMBER, scene.proxy, uri=target).code == 416
    assert [carrier.received, scene.pbx.received] == [[], []]


def test_a_call_to_the_account_takes_the_number_from_to(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    with_account(scene, caller, "SO1872-x")
    for whom in (f"{NUMBER}@carrier.test", f"+1-555-123-4567@carrier.test:{caller.port}"):
        assert caller.call("SO1872-x", scene.proxy, to=whom).code == 200
    assert branch_office.numbers == [NUMBER, NUMBER]
    assert scene.pbx.invites == []


def test_a_call_to_our_contact_takes_the_number_from_to(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    group = with_account(scene, caller, "SO1872-x")
    whom = f"{NUMBER};npdi@carrier.test"
    assert caller.call(f"carrier-{group.pk}", scene.proxy, to=whom).code == 200
    assert branch_office.uris == [f"sip:{NUMBER};npdi@{branch_office.host_port}"]


@pytest.mark.parametrize(
    "value", ["<sip:{number}@carrier.test>", "<tel:+1-555-123-4567>", '"Desk" <sip:{number}@x>;a=b']
)
def test_p_called_party_id_comes_before_to(scene: Scene, branch_office: UserAgent, value: str) -> None:
    caller = scene.carrier()
    with_account(scene, caller, "SO1872-x")
    called = (("p-called-party-id", value.format(number=NUMBER)),)
    for whom in ("SO1872-x@carrier.test", "+4930123456@carrier.test"):
        assert caller.call("SO1872-x", scene.proxy, to=whom, headers=called).code == 200
    assert branch_office.numbers == [NUMBER, NUMBER]


def test_a_number_is_itself_whatever_stands_beside_it(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    with_account(scene, caller, "SO1872-x")
    called = (("p-called-party-id", "<sip:+15550000@carrier.test>"),)
    assert caller.call("+4930123456", scene.proxy, to=f"{NUMBER}@x", headers=called).code == 200
    assert scene.pbx.numbers == ["+4930123456"]
    assert branch_office.invites == []


def test_an_account_without_a_number_beside_it_takes_the_default_route(scene: Scene) -> None:
    caller = scene.carrier()
    with_account(scene, caller, "SO1872-x")
    assert caller.call("SO1872-x", scene.proxy).code == 200
    assert scene.pbx.numbers == ["SO1872-x"]


def test_an_account_that_is_a_number_gives_way_to_a_number_with_a_route(scene: Scene, branch_office: UserAgent) -> None:
    caller = scene.carrier()
    with_account(scene, caller, "4930123456")
    assert caller.call("4930123456", scene.proxy, to=f"{NUMBER}@carrier.test").code == 200
    assert branch_office.numbers == [NUMBER]
    # A diverted call names somebody else's number in To: that has no route here.
    assert caller.call("4930123456", scene.proxy, to="+442012345@carrier.test").code == 200
    assert scene.pbx.numbers == ["4930123456"]
