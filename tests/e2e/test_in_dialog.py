"""Requests within calls: they reach the other side of their call, and nobody else by way of us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carriers.models import Endpoint, SourceNetwork
from tests.e2e.calls import NUMBER, call_in, call_out
from tests.e2e.scene import Scene, scene_on_own_node, to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.dialog import Dialog
from tests.e2e.sip.incoming import answer, ring
from tests.e2e.sip.proxy import Proxy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

METHODS = ("INVITE", "MESSAGE", "SUBSCRIBE", "REGISTER", "BYE", "INFO", "UPDATE", "OPTIONS", "REFER", "PUBLISH")
REFRESHING = ("INVITE", "UPDATE")


def invented(scene: Scene, target: str, *more_routes: str) -> Dialog:
    """Return a call that never was, with a route over us."""
    return Dialog(
        call_id="never-was",
        local="<sip:caller@127.30.9.1>;tag=mine",
        remote="<sip:callee@127.30.8.1>;tag=invented",
        target=target,
        routes=[f"<sip:{scene.proxy};lr>", *more_routes],
        cseq=0,
    )


# --- Calls that never were


@pytest.mark.parametrize("who", ["pbx", "carrier", "stranger"])
def test_an_invented_to_tag_reaches_no_stranger(scene: Scene, who: str) -> None:
    carrier, stranger, victim = scene.carrier(), scene.stranger(), scene.stranger()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    sender = {"pbx": scene.pbx, "carrier": carrier, "stranger": stranger}[who]
    us = f"<sip:{scene.proxy};lr>"
    dialog = invented(scene, f"sip:x@{victim.host_port}")
    ways: list[dict[str, Any]] = [
        {},
        {"routes": [us, f"<sip:{victim.host_port};lr>"]},
        {"routes": [us, f"<sip:{victim.host_port};lr>"], "target": f"sip:x@{carrier.host_port}"},
        {"routes": [us, f"<sip:{victim.host_port}>"], "target": f"sip:x@{carrier.host_port}"},
        {"routes": [f"<sip:{victim.host_port};lr>"]},
        {"routes": [f"<sip:{scene.proxy};lr;maddr={victim.address}>"]},
        {"routes": [f"<sip:{victim.host_port}>"], "target": f"sip:{scene.proxy};lr"},
    ]
    for way in ways:
        for method in (*METHODS, "ACK"):
            if who == "stranger" or method == "ACK":
                sender.tell_within(dialog, method, **way)
            else:
                assert sender.ask_within(dialog, method, **way).code == 481, (way, method)
    settled()
    assert victim.received == []
    if who != "stranger":
        assert f"INVITE within a call from {sender.address}:{sender.port} " in scene.report()
        assert "refused: this node knows no such call" in scene.report()


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "SUBSCRIBE", "REGISTER", "REFER", "PUBLISH"])
def test_an_invented_to_tag_begins_no_call_at_a_carrier(scene: Scene, method: str) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    assert scene.pbx.ask_within(invented(scene, f"sip:0900666@{carrier.host_port}"), method).code == 481
    settled()
    assert [incoming.method for incoming in carrier.received if incoming.method != "ACK"] == []


def test_between_two_carriers_or_two_pbxs_nothing_passes(scene: Scene) -> None:
    carriers = scene.carrier(), scene.carrier()
    scene.group("Acme", to(carriers[0]))
    scene.group("Other", to(carriers[1]))
    scene.apply()
    for method in ("INVITE", "BYE", "INFO", "OPTIONS"):
        dialog = invented(scene, f"sip:x@{carriers[1].host_port}")
        assert carriers[0].ask_within(dialog, method).code == 481
    settled()
    assert [incoming.method for incoming in carriers[1].received if incoming.method != "ACK"] == []


# --- Within a call


def test_in_a_call_neither_side_reaches_anybody_else(scene: Scene) -> None:
    carrier, victim = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    sides = (
        (scene.pbx, call.dialog(call.wait())),
        (carrier, carrier.invites[0].dialog()),
    )
    for side, dialog in sides:
        proxy = dialog.routes[0]
        before = len(side.received)
        for method in ("INVITE", "BYE", "INFO", "UPDATE", "OPTIONS", "REFER"):
            for forged in (
                {"target": f"sip:x@{victim.host_port}"},
                {"target": f"{dialog.target};maddr={victim.address}"},
                {"routes": [proxy, f"<sip:{victim.host_port};lr>"]},
                {"routes": [proxy, f"<sip:{victim.host_port}>"]},
                {"routes": [f"<sip:{victim.host_port};lr>"]},
                {"target": f"sip:{scene.proxy}", "routes": [proxy, f"<sip:{victim.host_port}>"]},
            ):
                assert side.ask_within(dialog, method, **forged).code == 403, (method, forged)
        side.tell_within(dialog, "ACK", cseq=1, target=f"sip:x@{victim.host_port}")
        assert len(side.received) == before
        assert f"from {side.address}:{side.port} " in scene.report()
    settled()
    assert victim.received == []
    assert {incoming.method for incoming in carrier.received} == {"INVITE", "ACK"}
    assert scene.pbx.received == []
    # The refused BYEs ended nothing.
    assert call.bye() == 200
    assert len(carrier.requests("BYE")) == 1


def test_another_number_at_the_carrier_is_another_target(scene: Scene) -> None:
    carrier = scene.carrier()
    carrier.contact = f"sip:14443332222@{carrier.host_port}"
    call = call_out(scene, carrier)
    assert call.ask("INVITE", target=f"sip:0900666@{carrier.host_port}").code == 403
    assert len(carrier.invites) == 1
    assert call.bye() == 200


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "REGISTER", "PUBLISH", "NOTIFY", "FANCY"])
def test_methods_that_do_not_belong_in_a_call(scene: Scene, method: str) -> None:
    carrier = scene.carrier()
    call = call_out(scene, carrier)
    refusal = call.ask(method, headers=(("event", "presence"),))
    assert (refusal.code, refusal.get("allow")[:11]) == (405, "INVITE, ACK")
    assert ("FANCY within" in scene.report()) is False, "a sender's own words are not written down"
    settled(0.1)
    assert {incoming.method for incoming in carrier.received} == {"INVITE", "ACK"}
    assert call.bye() == 200


def test_methods_of_a_call_pass_both_ways(scene: Scene) -> None:
    carrier = scene.carrier()
    call = call_out(scene, carrier)
    from_carrier = carrier.invites[0].dialog()
    for method in ("INFO", "UPDATE", "OPTIONS", "REFER", "PRACK", "NOTIFY", "INVITE"):
        headers = (("event", "refer;id=1"), ("refer-to", "<sip:0@127.0.0.1>"))
        if method in REFRESHING:
            headers = (("contact", call.invite.get("contact")),)
        assert call.ask(method, headers=headers).code == 200
        if method in REFRESHING:
            headers = (("contact", f"<sip:{carrier.host_port}>"),)
        assert carrier.ask_within(from_carrier, method, headers=headers).code == 200
        assert len(scene.pbx.requests(method)) == 1
        assert len(carrier.requests(method)) == (2 if method == "INVITE" else 1)
    assert carrier.hang_up(carrier.invites[0]) == 200
    assert len(scene.pbx.requests("BYE")) == 1


def test_a_stranger_who_knows_the_call_does_not_get_into_it(scene: Scene) -> None:
    carrier, stranger = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    for dialog in (call.dialog(call.wait()), carrier.invites[0].dialog()):
        for method in ("BYE", "INVITE", "INFO"):
            assert stranger.ask_within(dialog, method).code == 403
    settled()
    assert (scene.pbx.received, len(carrier.invites), carrier.requests("BYE")) == ([], 1, [])
    assert "(an address that is no PBX's and no carrier's) refused" in scene.report()
    assert call.bye() == 200
    assert len(carrier.requests("BYE")) == 1


def test_no_side_speaks_for_the_other(scene: Scene) -> None:
    """Both know the tags of both: with a Contact of its own in the other's name a PBX would become the carrier."""
    carrier, victim = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    contact = (("contact", f"<sip:x@{victim.host_port}>"),)
    for method in REFRESHING:
        assert scene.pbx.ask_within(carrier.invites[0].dialog(), method, headers=contact).code == 403
        assert carrier.ask_within(call.dialog(call.wait()), method, headers=contact).code == 403
    assert call.ask("INFO").code == 200
    assert victim.received == []
    assert call.bye() == 200


def test_a_cancel_of_what_was_never_relayed(scene: Scene) -> None:
    carrier = scene.carrier(ring)
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    stranger = scene.stranger()
    dialog = invented(scene, f"sip:x@{carrier.host_port}")
    link = stranger._wire.link_to(dialog.next_hop)
    for call_id in (dialog.call_id, call.invite.call_id):
        dialog.call_id = call_id
        link.send(dialog.request("CANCEL", stranger.new_via("UDP")))
    settled()
    assert carrier.requests("CANCEL") == []
    assert call.cancel() == 200
    assert call.code == 487


# --- Both directions, failover, sources


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_of_a_carrier(scene: Scene, transport: str) -> None:
    carrier, moved, victim = scene.carrier(), scene.stranger(), scene.stranger()
    call = call_in(scene, carrier, transport=transport)
    from_pbx = scene.pbx.invites[0].dialog()
    assert scene.pbx.ask_within(from_pbx, "INFO", target=f"sip:x@{victim.host_port}").code == 403
    assert call.ask("INFO", target=f"sip:x@{victim.host_port}").code == 403
    assert call.reinvite(f"<sip:{moved.host_port}>") == 200
    from_pbx.target = f"sip:{moved.host_port}"
    assert scene.pbx.ask_within(from_pbx, "INVITE", headers=(("contact", f"<sip:{scene.pbx.host_port}>"),)).code == 200
    assert len(moved.requests("INVITE")) == 1
    assert scene.pbx.hang_up(scene.pbx.invites[0]) == 200
    assert len(moved.requests("BYE")) == 1
    assert victim.received == []


def test_behind_failover_with_strip_and_prefix(scene: Scene) -> None:
    first, second = scene.carrier(answer(503, 183)), scene.carrier()
    scene.route("9", scene.group("Acme", to(first, strip=1, prefix="0"), to(second, strip=2, prefix="+1")))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    second.wait_for("ACK")
    assert call.reinvite() == 200
    assert call.ask("INFO").code == 200
    assert second.ask_within(second.invites[0].dialog(), "INFO").code == 200
    assert call.ask("INFO", target=f"sip:{first.host_port}").code == 403
    assert call.bye() == 200
    assert [len(first.requests("INFO")), len(second.requests("BYE"))] == [0, 1]


def test_a_carrier_hangs_up_from_where_it_never_calls(scene: Scene) -> None:
    """An endpoint that only takes calls, with a Contact elsewhere; and another address of the same carrier."""
    carrier, elsewhere, third = scene.carrier(), scene.stranger(), scene.carrier(address="127.30.6.77")
    carrier.contact = f"sip:{elsewhere.host_port}"
    group = scene.group("Acme", to(carrier, direction=Endpoint.Direction.OUTBOUND))
    SourceNetwork.objects.create(group=group, network="127.30.6.0/24")
    scene.route("9", group)
    scene.apply()
    calls = [scene.dial(NUMBER) for _ in range(3)]
    assert [call.code for call in calls] == [200] * 3
    for agent, incoming in zip((carrier, elsewhere, third), carrier.invites, strict=True):
        assert agent.ask_within(incoming.dialog(), "BYE").code == 200
    assert len(scene.pbx.requests("BYE")) == 3


def test_a_call_that_comes_back_from_the_carrier(scene: Scene) -> None:
    """A carrier that is a proxy leaves Call-ID and tags as they are: both calls are one to the dialog module."""
    with Proxy("127.30.8.240", f"sip:14443332222@{scene.proxy}") as proxy:
        scene.route("9", scene.group("Acme", {"host": proxy.address, "port": proxy.port, "strip": 1}))
        scene.apply()
        caller = scene.carrier(address="127.30.9.2")
        SourceNetwork.objects.create(pbx=scene.pbx_row, network="127.30.9.2/32")
        scene.apply()
        call = caller.call(NUMBER, scene.proxy)
        assert call.code == 200
        scene.pbx.wait_for("ACK")
        assert call.ask("INFO").code == 200
        assert call.reinvite() == 200
        stranger = scene.stranger()
        for forged in ({"target": f"sip:{stranger.host_port}"}, {"target": f"sip:0900666@{proxy.host_port}"}):
            assert call.ask("INVITE", **forged).code >= 400
        assert stranger.received == []
        assert scene.pbx.ask_within(scene.pbx.invites[0].dialog(), "INFO").code == 200
        assert call.bye() == 200
        assert [len(scene.pbx.requests(method)) for method in ("INVITE", "INFO", "BYE")] == [2, 1, 1]


# --- Restarts


@pytest.fixture
def restarted(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    """Set the scene at a node of its own, which the test may restart."""
    with scene_on_own_node(tmp_path / "edge") as scene:
        yield scene


def test_a_restart_under_a_call(restarted: Scene) -> None:
    scene = restarted
    carrier, victim = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    scene.process.stop()
    scene.process.start()
    assert call.ask("INFO").code == 200
    assert call.ask("UPDATE", headers=(("contact", call.invite.get("contact")),)).code == 200
    assert call.ask("INVITE").code == 481
    for forged in ({"target": f"sip:{victim.host_port}"}, {"routes": [f"<sip:{victim.host_port};lr>"]}):
        assert call.ask("BYE", **forged).code == 481
    assert carrier.ask_within(carrier.invites[0].dialog(), "INFO").code == 200
    assert carrier.ask_within(carrier.invites[0].dialog(), "REFER").code == 481
    assert len(scene.pbx.requests("INFO")) == 1
    assert call.bye() == 200
    assert len(carrier.requests("BYE")) == 1
    assert victim.received == []


def test_after_a_restart_only_admitted_addresses_are_served(restarted: Scene) -> None:
    """Of an endpoint that only takes calls no address is admitted: nothing tells it from anybody else then."""
    scene = restarted
    carrier = scene.carrier()
    call = call_out(scene, carrier, direction=Endpoint.Direction.OUTBOUND)
    scene.process.stop()
    scene.process.start()
    assert carrier.hang_up(carrier.invites[0]) == 481
    assert call.bye() == 481
    assert "BYE within a call from 127.30.9.1" in scene.report()
