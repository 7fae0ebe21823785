"""Requests within calls: where the other side is, whatever its Contact, its proxies and its spelling."""

from __future__ import annotations

import pytest

from tests.e2e.calls import NUMBER, call_out
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.incoming import Incoming, answer, ring
from tests.e2e.sip.proxy import Proxy

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

REFRESHING = ("INVITE", "UPDATE")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_new_contact_in_the_reinvite_and_in_its_answer(scene: Scene, transport: str) -> None:
    carrier, new_pbx, new_carrier = scene.carrier(), scene.stranger(), scene.stranger()
    suffix = "" if transport == "udp" else ";transport=tcp"
    call = call_out(scene, carrier, transport=transport)
    carrier.contact = f"sip:gw@{new_carrier.host_port}{suffix}"
    assert call.reinvite(f"<sip:pbx@{new_pbx.host_port}{suffix}>") == 200
    new_carrier.wait_for("ACK")
    from_carrier = carrier.invites[0].dialog()
    assert call.ask("INFO").code == 200
    assert new_carrier.requests("INFO")[0].uri == f"sip:gw@{new_carrier.host_port}{suffix}"
    from_carrier.target = f"sip:pbx@{new_pbx.host_port}{suffix}"
    assert carrier.ask_within(from_carrier, "INFO").code == 200
    assert len(new_pbx.requests("INFO")) == 1
    # Whoever is at the new Contact speaks for its side.
    assert new_carrier.ask_within(from_carrier, "BYE").code == 200
    assert len(new_pbx.requests("BYE")) == 1


@pytest.mark.parametrize("method", REFRESHING)
def test_a_new_contact_of_the_callee(scene: Scene, method: str) -> None:
    carrier, moved = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    headers = (("contact", f"<sip:{moved.host_port}>"),)
    assert carrier.ask_within(carrier.invites[0].dialog(), method, headers=headers).code == 200
    assert call.ask("INFO", target=f"sip:{moved.host_port}").code == 200
    assert call.ask("INFO").code == 200, "the old one may be on its way still"
    assert [len(agent.requests("INFO")) for agent in (carrier, moved)] == [1, 1]
    moved_again = scene.stranger()
    headers = (("contact", f"<sip:{moved_again.host_port}>"),)
    assert carrier.ask_within(carrier.invites[0].dialog(), method, headers=headers).code == 200
    assert call.ask("INFO").code == 403, "two moves ago"
    assert call.ask("BYE", target=f"sip:{moved_again.host_port}").code == 200
    assert len(moved_again.requests("BYE")) == 1


def test_a_refused_refresh_leaves_both_contacts_good(scene: Scene) -> None:
    carrier, moved = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    scene.pbx.within_calls = answer(488)
    headers = (("contact", f"<sip:{moved.host_port}>"),)
    assert carrier.ask_within(carrier.invites[0].dialog(), "INVITE", headers=headers).code == 488
    assert call.bye() == 200
    assert len(carrier.requests("BYE")) == 1


@pytest.mark.parametrize("written", ["sip:gw@{0}", "sip:gw@{0};transport=udp", "sip:gw@{0};user=phone;x=y"])
def test_the_same_contact_written_in_another_way(scene: Scene, written: str) -> None:
    carrier = scene.carrier()
    carrier.contact = f"sip:gw@{carrier.host_port};x=z"
    call = call_out(scene, carrier)
    assert call.ask("BYE", target=written.format(carrier.host_port)).code == 200
    assert len(carrier.requests("BYE")) == 1


def test_a_contact_without_port_and_one_with_a_name(scene: Scene) -> None:
    """They are compared as they are written, with the default port; looking them up is Kamailio's part."""
    carrier = scene.carrier()
    carrier.contact = "sip:gw@carrier.invalid"
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    codes = {call.ask("INFO", target=target).code for target in ("", "sip:gw@CARRIER.invalid:5060")}
    assert 403 not in codes
    assert call.ask("INFO", target="sip:gw@carrier.invalid:5061").code == 403
    assert call.ask("INFO", target="sip:gw@carriers.invalid").code == 403


@pytest.mark.parametrize("contact", ["sip:gw@{0};x=y", "two", "bare"])
def test_contacts_that_are_written_oddly(scene: Scene, contact: str) -> None:
    """Two of them, or one without angle brackets, whose parameters are the header's."""
    carrier = scene.carrier()
    uri = f"sip:gw@{carrier.host_port}"

    def answer_oddly(incoming: Incoming) -> None:
        value = {"two": f"<{uri}>, <{uri};transport=tcp>", "bare": f"{uri};expires=60"}.get(contact)
        incoming.contact = value or f"<{contact.format(carrier.host_port)}>"
        incoming.reply(200)

    carrier.behaviour = answer_oddly
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert call.ask("INFO", target=uri).code == 200
    assert call.ask("BYE", target=uri).code == 200
    assert len(carrier.requests("BYE")) == 1


def test_from_a_strict_router(scene: Scene) -> None:
    """It puts us into the R-URI and the target into the last Route."""
    carrier, victim = scene.carrier(), scene.stranger()
    call = call_out(scene, carrier)
    us = call.dialog(call.wait()).routes[0].strip("<>")
    assert call.ask("INFO", target=us, routes=[f"<sip:{carrier.host_port}>"]).code == 200
    for routes in (
        [f"<sip:{victim.host_port}>"],
        [f"<sip:{victim.host_port}>", f"<sip:{carrier.host_port}>"],
        [f"<sip:{victim.host_port};lr>", f"<sip:{carrier.host_port}>"],
        [],
    ):
        assert call.ask("BYE", target=us, routes=routes).code == 403
    settled()
    assert victim.received == []
    assert scene.errors() == []
    assert call.bye() == 200
    assert [len(carrier.requests(method)) for method in ("INFO", "BYE")] == [1, 1]


@pytest.mark.parametrize("strict", [False, True], ids=["loose", "strict"])
def test_a_carrier_with_a_proxy_of_its_own(scene: Scene, strict: bool) -> None:
    gateway, victim = scene.stranger(), scene.stranger()
    with Proxy("127.30.8.240", f"sip:{gateway.host_port}", strict=strict) as proxy:
        scene.route("9", scene.group("Acme", {"host": proxy.address, "port": proxy.port, "strip": 1}))
        scene.apply()
        call = scene.dial(NUMBER)
        assert call.code == 200
        gateway.wait_for("ACK")
        ours = call.dialog(call.wait()).routes
        assert len(ours) == 2
        assert call.reinvite() == 200
        assert call.ask("INFO").code == 200
        assert len(gateway.requests("INFO")) == 1
        # A proxy of the sender's choice before, behind or instead of the carrier's is left out.
        evil = f"<sip:{victim.host_port};lr>"
        for routes in ([ours[0], evil, ours[1]], [*ours, evil], [ours[0], evil], [ours[0]]):
            assert call.ask("INFO", routes=routes).code in (200, 403)
        settled()
        assert victim.received == []
        assert proxy.methods.count("BYE") == 0
        assert call.bye() == 200
        assert len(gateway.requests("BYE")) == 1
        assert proxy.methods.count("BYE") == 1


def test_a_pbx_with_a_proxy_of_its_own(scene: Scene) -> None:
    """Both directions of the call, and requests of both sides."""
    carrier = scene.carrier()
    with Proxy("127.30.9.1", f"sip:{scene.pbx.host_port}") as proxy:
        scene.pbx_row.port = proxy.port
        scene.pbx_row.save()
        scene.group("Acme", to(carrier))
        scene.apply()
        call = carrier.call("14443332222", scene.proxy)
        assert call.code == 200
        scene.pbx.wait_for("ACK")
        assert call.reinvite() == 200
        assert call.ask("INFO").code == 200
        assert scene.pbx.hang_up(scene.pbx.invites[0]) == 200
        assert proxy.methods.count("BYE") == 1
        assert len(carrier.requests("BYE")) == 1


# --- Calls that are not answered yet


def test_requests_before_the_answer(scene: Scene) -> None:
    fork, victim = scene.stranger(), scene.stranger()
    rung: list[Incoming] = []

    def two_forks(incoming: Incoming) -> None:
        rung.append(incoming)
        incoming.reply(183)
        incoming.contact, incoming.to_tag = f"<sip:fork@{fork.host_port}>", "tag-of-the-fork"
        incoming.reply(180, after=0.1)  # so that it does not overtake the 183 in another process of Kamailio

    failing, carrier = scene.carrier(answer(503, 183)), scene.carrier(two_forks)
    scene.route("9", scene.group("Acme", to(failing), to(carrier)))
    scene.apply()
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    assert call.ask("PRACK").code == 200
    assert call.ask("UPDATE", target=f"sip:{carrier.host_port}").code == 200
    assert [len(fork.requests("PRACK")), len(carrier.requests("UPDATE"))] == [1, 1]
    assert call.ask("PRACK", target=f"sip:x@{victim.host_port}").code == 403
    assert call.ask("PRACK", target=f"sip:{failing.host_port}").code == 403, "this attempt is over"
    assert carrier.ask_within(rung[0].dialog(), "UPDATE").code == 200
    assert len(scene.pbx.requests("UPDATE")) == 1
    rung[0].reply(200)
    assert call.code == 200
    assert call.bye() == 200
    assert len(fork.requests("BYE")) == 1
    assert (victim.received, failing.requests("PRACK")) == ([], [])


def test_requests_before_the_answer_take_the_carriers_proxy(scene: Scene) -> None:
    gateway, victim = scene.stranger(), scene.stranger()
    gateway.behaviour = ring
    with Proxy("127.30.8.240", f"sip:{gateway.host_port}") as proxy:
        scene.route("9", scene.group("Acme", {"host": proxy.address, "port": proxy.port}))
        scene.apply()
        call = scene.dial(NUMBER)
        call.wait_for_provisional(180)
        ours = call.dialog(call.provisional_messages[-1]).routes
        assert call.ask("PRACK").code == 200
        assert call.ask("PRACK", routes=[*ours, f"<sip:{victim.host_port};lr>"]).code == 200, "by its own proxy only"
        assert [proxy.methods.count("PRACK"), len(gateway.requests("PRACK"))] == [2, 2]
        assert victim.received == []
        assert call.cancel() == 200
        assert call.code == 487


@pytest.mark.parametrize("contact", ["*", "<>", "<sip:x", "<tel:1>"])
def test_a_contact_that_is_no_target_moves_nobody(scene: Scene, contact: str) -> None:
    carrier = scene.carrier()
    call = call_out(scene, carrier)
    first = call.finals[0].get("contact").strip("<>")

    def refresh(incoming: Incoming) -> None:
        incoming.contact = contact
        incoming.reply(200)

    carrier.within_calls = refresh
    assert call.ask("UPDATE", headers=(("contact", call.invite.get("contact")),)).code == 200
    carrier.within_calls = answer(200)
    assert call.ask("INFO", target=first).code == 200
    assert call.ask("BYE", target=first).code == 200
