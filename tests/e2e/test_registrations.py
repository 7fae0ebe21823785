"""Registrations at carriers: made, kept, renewed when they change and only then, and ended."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from carriers.models import CarrierGroup
from carriers.snapshots.records import read_carriers
from kamailio_bridge.questions.registrations import Registration, registrations
from kamailio_bridge.tables.models import TABLES, Mtree, Version
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge
from tests.e2e.sip.message import Uri

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

ACCOUNT = Account("1000", "secret of one", "carrier.example")
TICK = 2.5  # s; Kamailio looks every 2 s at what there is to register


def trunks(count: int) -> list[Account]:
    return [Account(f"trunk-{number}", f"secret of trunk {number}", "asterisk") for number in range(count)]


def wait_for_state(scene: Scene, group: CarrierGroup, *states: str) -> Registration:
    """Wait until the group's registration is in one of the states; 10 s are what the button is allowed."""
    deadline = time.monotonic() + 10
    while True:
        registration = registrations(read_carriers(), [scene.node])[group.pk]
        if registration.state in states:
            return registration
        assert time.monotonic() < deadline, registration
        time.sleep(0.1)


@pytest.mark.parametrize("qop", ["auth", ""], ids=["qop", "no qop"])
def test_a_registration(scene: Scene, qop: str) -> None:
    account = replace(ACCOUNT, qop=qop)
    registrar = scene.registrar(account)
    group = scene.group("Acme", to(registrar))
    scene.credential(group, account, registrar)
    scene.apply()
    registrar.wait_until_registered("1000")
    registration = wait_for_state(scene, group, "registered")
    assert registration.until is not None
    assert registration.until > time.time() + 3000
    assert [incoming.answers for incoming in registrar.registers()] == [[401], [200]]
    assert registrar.faults == []
    assert Uri.parse(registrar.bindings["1000"].contact).user == f"carrier-{group.pk}"
    assert scene.proxy in registrar.bindings["1000"].contact
    assert registrar.registers()[0].uri == f"sip:{registrar.address}"


@pytest.mark.parametrize(
    "others",
    [
        ('Digest realm="asterisk", nonce="00ff", algorithm=SHA-256, qop="auth"',),
        ('Digest algorithm="SHA-512-256",realm="asterisk",nonce="00ff"', 'Basic realm="elsewhere"'),
    ],
    ids=["SHA-256", "SHA-512-256 and Basic"],
)
def test_a_carrier_that_would_like_another_challenge_answered(scene: Scene, others: tuple[str, ...]) -> None:
    """RFC 8760: the one that it likes best comes first, and one that we know comes later."""
    account = Account("1000", "secret of one", "asterisk", other_challenges=others)
    challenge = Challenge(account)
    registrar = scene.registrar(account, behaviour=challenge)
    group = scene.group("Acme", to(registrar))
    scene.credential(group, account, registrar)
    scene.route("9", group)
    scene.apply()
    wait_for_state(scene, group, "registered")
    assert (scene.dial("91").code, challenge.faults, registrar.faults) == (200, [], [])


def test_a_realm_of_its_own_and_tcp(scene: Scene) -> None:
    account = replace(ACCOUNT, realm="asterisk")
    registrar = scene.registrar(account)
    group = scene.group("Acme", to(registrar))
    credential = scene.credential(group, account, registrar, realm="", transport="tcp")
    scene.apply()
    registration = wait_for_state(scene, group, "realm differs")
    assert registration.realm == "asterisk"
    assert "set the realm to “asterisk”" in registration.sentence
    credential.realm = "asterisk"
    credential.save()
    scene.apply()
    wait_for_state(scene, group, "registered")
    assert {incoming.link.transport for incoming in registrar.registers()} == {"TCP"}


def test_a_wrong_password(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme", to(registrar))
    scene.credential(group, replace(ACCOUNT, password="not the password"), registrar)
    scene.apply()
    registration = wait_for_state(scene, group, "rejected")
    assert "The registrar answered 403 Forbidden: check username" in registration.sentence
    settled(TICK)
    assert registrar.faults == ["1000: the password is wrong"]
    assert [registrar.bindings, len(registrar.registers())] == [{}, 2]


def test_a_registrar_that_does_not_answer(scene: Scene) -> None:
    dead = scene.carrier()
    dead.close()
    group = scene.group("Acme", to(dead))
    scene.credential(group, ACCOUNT, dead)
    scene.apply()
    assert f"{dead.host_port} does not answer" in wait_for_state(scene, group, "no answer").sentence


def test_register_off_answers_challenges_without_registering(scene: Scene) -> None:
    challenge = Challenge(ACCOUNT)
    registrar = scene.registrar(ACCOUNT, behaviour=challenge)
    group = scene.group("Acme", to(registrar, strip=1))
    scene.credential(group, ACCOUNT, registrar, register=False)
    scene.route("9", group)
    scene.apply()
    assert (scene.dial("91").code, challenge.faults) == (200, [])
    settled(TICK)
    assert registrar.registers() == []
    assert registrations(read_carriers(), [scene.node])[group.pk].state == "not registering"


def test_switching_register_off_and_on(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    credential = scene.credential(scene.group("Acme", to(registrar)), ACCOUNT, registrar)
    scene.apply()
    registrar.wait_until_registered("1000")
    credential.register = False
    credential.save()
    scene.apply()
    assert registrar.ended == ["1000"]
    settled(TICK)
    assert registrar.bindings == {}
    credential.register = True
    credential.save()
    scene.apply()
    registrar.wait_until_registered("1000")


def test_calls_to_the_registered_contact_reach_the_pbx(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    scene.credential(scene.group("Acme", to(registrar)), ACCOUNT, registrar)
    scene.apply()
    registrar.wait_until_registered("1000")
    contact = Uri.parse(registrar.bindings["1000"].contact)
    call = registrar.call(contact.user, f"{contact.host}:{contact.port}", to=f"+14443332222@{registrar.address}")
    assert call.code == 200
    assert scene.pbx.uris == [f"sip:+14443332222@{scene.pbx.host_port}"]
    assert call.bye() == 200
    by_account = registrar.call(contact.user, f"{contact.host}:{contact.port}", to=f"1000@{registrar.address}")
    assert by_account.code == 200
    assert scene.pbx.numbers == ["+14443332222", "1000"]


def test_a_restart_brings_all_registrations_back(scene: Scene) -> None:
    accounts = trunks(5)
    registrar = scene.registrar(*accounts)
    for account in accounts:
        scene.credential(scene.group(account.username, to(registrar)), account, registrar)
    scene.apply()
    registrar.wait_until_registered(*registrar.accounts)
    scene.process.stop()
    registrar.bindings.clear()
    scene.process.start()
    registrar.wait_until_registered(*registrar.accounts)
    assert registrar.faults == []


def test_only_what_changed_registers_again(scene: Scene) -> None:
    """50 trunks: an edit of one credential concerns that one, and an edit of anything else none."""
    accounts = trunks(50)
    registrar, other = scene.registrar(*accounts), scene.carrier()
    credentials = [
        scene.credential(scene.group(account.username, to(registrar)), account, registrar) for account in accounts
    ]
    scene.apply()
    registrar.wait_until_registered(*registrar.accounts)
    assert len(registrar.registers()) == 100
    # Names, endpoints, sources and routes, without a password anywhere.
    CarrierGroup.objects.filter(pk=credentials[7].group_id).update(name="renamed")
    credentials[7].group.endpoints.update(host=other.address, port=other.port, strip=3)
    scene.route("9", credentials[7].group)
    scene.apply()
    settled(TICK)
    assert len(registrar.registers()) == 100
    new = replace(accounts[7], password="a new secret")
    registrar.add(new)
    credentials[7].set_password(new.password)
    credentials[7].save()
    scene.apply()
    settled(TICK)
    assert len(registrar.registers()) == 102
    assert [incoming.answers for incoming in registrar.registers("trunk-7")] == [[401], [200], [401], [200]]
    assert registrar.faults == []
    states = {registration.state for registration in registrations(read_carriers(), [scene.node]).values()}
    assert states == {"registered"}


def test_wrong_credentials_do_not_disturb_the_right_ones(scene: Scene) -> None:
    """30 credentials of which 10 are wrong: the 20 others stay registered while the 10 are tried and put right."""
    accounts = trunks(30)
    registrar = scene.registrar(*accounts)
    credentials = []
    for number, account in enumerate(accounts):
        given = account if number >= 10 else replace(account, password="not the password")
        credentials.append(scene.credential(scene.group(account.username, to(registrar)), given, registrar))
    scene.apply()
    registrar.wait_until_registered(*(account.username for account in accounts[10:]))
    for credential, account in zip(credentials[:5], accounts, strict=False):
        credential.set_password(account.password)
        credential.save()
    scene.apply()
    registrar.wait_until_registered(*(account.username for account in accounts[:5]))
    wait_for_state(scene, credentials[0].group, "registered")
    found = registrations(read_carriers(), [scene.node])
    assert [found[credential.group_id].state for credential in credentials] == [
        *["registered"] * 5,
        *["rejected"] * 5,
        *["registered"] * 20,
    ]
    assert {len(registrar.registers(account.username)) for account in accounts[10:]} == {2}
    assert registrar.ended == []


def test_deleting_and_disabling_end_the_registration_and_leave_no_row(scene: Scene) -> None:
    accounts = trunks(3)
    registrar = scene.registrar(*accounts)
    groups = [scene.group(account.username, to(registrar, strip=1)) for account in accounts]
    for group, account in zip(groups, accounts, strict=True):
        scene.credential(group, account, registrar)
        scene.route(str(group.pk), group)
    scene.apply()
    registrar.wait_until_registered(*registrar.accounts)
    groups[0].delete()
    CarrierGroup.objects.filter(pk=groups[1].pk).update(enabled=False)
    scene.apply()
    assert sorted(registrar.ended) == ["trunk-0", "trunk-1"]
    settled(TICK)
    assert list(registrar.bindings) == ["trunk-2"]
    assert [record["l_uuid"] for record in scene.node.rpc.call("uac.reg_dump")] == [f"carrier-{groups[2].pk}"]
    CarrierGroup.objects.filter(pk=groups[2].pk).update(enabled=False)
    scene.pbx_row.delete()
    scene.apply(allow_empty=True)
    left = {table._meta.db_table: table._default_manager.count() for table in TABLES if table is not Version}
    # The routes' mark, routes that answer their calls themselves, and the revision are all that is left.
    assert {name: count for name, count in left.items() if count} == {"mtree": 1 + len(groups), "htable": 1}
    rows = dict(Mtree.objects.values_list("tprefix", "tvalue"))
    del rows["s"]
    assert set(rows.values()) == {"dsiprouter:unavailable"}
    assert registrar.bindings == {}
