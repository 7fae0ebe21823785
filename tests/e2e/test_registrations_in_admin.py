"""Registrations as an operator makes, sees and mends them in the admin, at a registrar that verifies the digest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings

from carriers.models import AuthCredential
from tests.admin.forms import GROUPS, new_endpoint
from tests.e2e.admin import AdminSite, page_of
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge
from tests.e2e.sip.registrar import Registrar

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

PASSWORD = 's:ecret "of" on\'e'


@pytest.fixture
def site(scene: Scene, settings: Settings) -> AdminSite:
    return AdminSite(scene, settings)


def registrar_with(scene: Scene, realm: str = "") -> Registrar:
    """Return a registrar with one account; without a name of its own, the realm is its address."""
    registrar = scene.registrar()
    registrar.add(Account("1000", PASSWORD, realm or registrar.address))
    return registrar


def test_registered_after_the_short_form_and_the_button(scene: Scene, site: AdminSite) -> None:
    """Three fields, one button: REGISTER, 401, REGISTER with the right response, 200."""
    registrar = registrar_with(scene)
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    assert site.registration(group)["words"] == "Not applied yet"
    site.reload()
    registration = site.wait_for(group, "registered")
    assert (registration["severity"], registration["words"][:17]) == ("ok", "Registered until ")
    assert [incoming.answers for incoming in registrar.registers()] == [[401], [200]]
    assert registrar.faults == []
    html = site.client.get(GROUPS).content.decode()
    assert f'<span class="registration" data-group="{group.pk}">' in html
    assert f'data-group="{group.pk}" role="status"' in site.client.get(page_of(group)).content.decode()


def test_a_wrong_password_is_said_with_what_to_do(scene: Scene, site: AdminSite) -> None:
    registrar = registrar_with(scene)
    group = site.add_group("Acme", "1000", "not the password", registrar.host_port)
    site.reload()
    registration = site.wait_for(group, "rejected")
    assert (registration["severity"], registration["words"]) == ("problem", "Rejected: 403 Forbidden")
    assert "check username, auth username and password with the carrier" in registration["sentence"]
    site.edit(group, **{"credential-0-password": PASSWORD})
    site.reload()
    site.wait_for(group, "registered")


def test_a_registrar_that_asks_again_instead_of_refusing(scene: Scene, site: AdminSite) -> None:
    registrar = registrar_with(scene)
    registrar.refusal = 401
    group = site.add_group("Acme", "1000", "not the password", registrar.host_port)
    site.reload()
    assert site.wait_for(group, "rejected")["words"] == "Rejected: 401 Unauthorized"
    settled(2.5)
    assert len(registrar.registers()) == 2, "one try must not become a loop"


def test_a_registrar_that_wants_no_md5(scene: Scene, site: AdminSite) -> None:
    """Kamailio can't answer it: that is said, and not that the password is wrong."""
    registrar = scene.registrar()
    registrar.add(Account("1000", PASSWORD, registrar.address, algorithm="SHA-256"))
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    assert "none of its challenges is an MD5 digest" in site.test("credential", group.pk)["sentence"]
    site.reload()
    registration = site.wait_for(group, "rejected")
    assert registration["words"] == "Rejected: 401 Unauthorized (no MD5 digest)"
    assert "ask the carrier for MD5" in registration["sentence"]


def test_an_unknown_username(scene: Scene, site: AdminSite) -> None:
    group = site.add_group("Acme", "nobody", PASSWORD, registrar_with(scene).host_port)
    site.reload()
    registration = site.wait_for(group, "rejected")
    assert "it does not know nobody@" in registration["sentence"]


def test_the_realm_that_the_registrar_asks_for_is_set_by_one_click(scene: Scene, site: AdminSite) -> None:
    """The page gets the realm in a form that its button only has to put into the field."""
    registrar = registrar_with(scene, realm="asterisk")
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    site.reload()
    registration = site.wait_for(group, "realm differs")
    assert (registration["realm"], registration["words"]) == ("asterisk", "Realm differs: asterisk")
    assert "set the realm to “asterisk”" in registration["sentence"]
    assert registrar.faults == []
    site.edit(group, **{"credential-0-realm": registration["realm"]})
    assert site.registration(group)["state"] == "not applied"
    site.reload()
    site.wait_for(group, "registered")


def test_editing_without_the_password_keeps_the_registration(scene: Scene, site: AdminSite) -> None:
    registrar, other = registrar_with(scene), scene.carrier()
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    site.reload()
    site.wait_for(group, "registered")
    added = new_endpoint(1, 2, host=other.host_port, port="")
    site.edit(group, name="Renamed", **{"endpoints-0-strip": "1", **added})
    site.reload()
    settled(2.5)
    assert site.registration(group)["state"] == "registered"
    assert len(registrar.registers()) == 2, "nothing about the registration changed"
    site.edit(group, **{"credential-0-expires": "600"})
    site.reload()
    site.wait_for(group, "registered")
    assert (registrar.bindings["1000"].expires, registrar.faults) == (600, [])


def test_disabling_and_deleting_in_the_list(scene: Scene, site: AdminSite) -> None:
    registrar = registrar_with(scene)
    scene.route("9", scene.group("Other", to(scene.carrier())))
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    site.reload()
    site.wait_for(group, "registered")
    site.client.post(GROUPS, {"action": "disable", "_selected_action": [group.pk], "post": "yes"})
    assert "still has it" in site.registration(group)["sentence"]
    site.reload()
    assert registrar.ended == ["1000"]
    assert site.registration(group)["sentence"] == "The carrier group is disabled."
    site.client.post(GROUPS, {"action": "enable", "_selected_action": [group.pk]})
    site.reload()
    site.wait_for(group, "registered")
    site.client.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
    site.reload()
    assert registrar.ended == ["1000", "1000"]
    answer = site.client.get("/admin/kamailio/registrations/", {"group": group.pk}).json()
    assert answer == {"registrations": {}}


def test_a_lost_key_asks_for_the_password_and_fails_nothing(
    scene: Scene, site: AdminSite, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Kamailio has stays in force, and everything else can be changed and applied."""
    registrar = registrar_with(scene)
    registrar.behaviour = challenge = Challenge(registrar.accounts["1000"])
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    scene.route("9", group)
    site.reload()
    site.wait_for(group, "registered")
    settings.DSIPROUTER_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    assert site.registration(group)["words"] == "Password unreadable"
    assert "decrypted" in site.test("credential", group.pk)["sentence"]
    for page in (GROUPS, page_of(group), "/admin/kamailio/waiting/"):
        assert site.client.get(page).status_code == 200
    assert "enter the password again" in site.client.get("/admin/kamailio/waiting/").content.decode()
    added = site.add_group("Added", "2000", PASSWORD, registrar.host_port)
    site.edit(group, name="Renamed")
    scene.route("8", group, added)
    site.reload()
    assert [scene.dial("91").code, scene.dial("81").code, challenge.faults] == [200, 200, []]
    assert (list(registrar.bindings), registrar.ended, len(registrar.registers("1000"))) == (["1000"], [], 2)
    call_command("kamailio_status")
    assert "registration of Renamed: Password unreadable." in capsys.readouterr().out
    registrar.add(replace(registrar.accounts["1000"], password="new"))
    site.edit(group, **{"credential-0-password": "new"})
    site.reload()
    site.wait_for(group, "registered")
    assert registrar.faults == []


def test_the_state_in_kamailio_status(scene: Scene, site: AdminSite, capsys: pytest.CaptureFixture[str]) -> None:
    registrar = registrar_with(scene)
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    site.reload()
    site.wait_for(group, "registered")
    call_command("kamailio_status")
    assert "registration of Acme: Registered until " in capsys.readouterr().out
    call_command("kamailio_status", "--json")
    said = capsys.readouterr().out
    assert '"state": "registered"' in said
    assert PASSWORD not in said


# --- The test buttons -------------------------------------------------------------------------------------------------


def test_an_endpoint_is_tested_before_anything_is_applied(scene: Scene, site: AdminSite) -> None:
    carrier, silent = scene.carrier(), scene.carrier()
    silent.close()
    group = scene.group("Acme", to(carrier), to(carrier, transport="tcp"), to(silent), to(silent, transport="tcp"))
    there, by_tcp, gone, refused = (site.test("endpoint", endpoint.pk) for endpoint in group.endpoints.all())
    assert (there["ok"], there["code"], there["verdict"]) == (True, 200, "answers")
    assert f"sip:{carrier.host_port} answers 200 OK in " in there["sentence"]
    assert by_tcp["ok"]
    assert [incoming.method for incoming in carrier.received] == ["OPTIONS", "OPTIONS"]
    assert {incoming.message.get("from").count("tag=") for incoming in carrier.received} == {1}
    for nobody in (gone, refused):
        assert (nobody["ok"], "check address, port and transport" in nobody["sentence"]) == (False, True), nobody


@pytest.mark.parametrize("qop", ["auth", ""], ids=["qop", "no qop"])
def test_a_credential_is_proved_without_registering(scene: Scene, site: AdminSite, qop: str) -> None:
    registrar = registrar_with(scene)
    registrar.add(replace(registrar.accounts["1000"], qop=qop))
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    proof = site.test("credential", group.pk)
    assert (proof["ok"], proof["verdict"]) == (True, "accepted"), proof
    assert not any(incoming.message.has("contact") for incoming in registrar.registers())
    assert registrar.faults == []
    site.edit(group, **{"credential-0-password": "not the password"})
    proof = site.test("credential", group.pk)
    assert (proof["ok"], proof["verdict"], proof["code"]) == (False, "rejected", 403)
    assert "check both with the carrier" in proof["sentence"]


def test_a_test_leaves_a_registration_and_its_state_alone(scene: Scene, site: AdminSite) -> None:
    registrar = registrar_with(scene)
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    site.reload()
    site.wait_for(group, "registered")
    AuthCredential.objects.update(realm="elsewhere")
    assert site.test("credential", group.pk)["verdict"] == "realm differs"
    AuthCredential.objects.update(realm="")
    assert site.registration(group)["state"] == "registered"
    assert registrar.ended == []


def test_the_registrar_is_asked_for_its_realm(scene: Scene, site: AdminSite) -> None:
    registrar = registrar_with(scene, realm="asterisk")
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    differs = site.test("credential", group.pk)
    assert (differs["verdict"], differs["realm"]) == ("realm differs", "asterisk")
    asked = site.test("realm", group.pk)
    assert (asked["ok"], asked["realm"]) == (True, "asterisk")
    site.edit(group, **{"credential-0-realm": asked["realm"]})
    assert site.test("credential", group.pk)["verdict"] == "accepted"
    site.reload()
    site.wait_for(group, "registered")


def test_what_is_not_stored_is_not_asked(scene: Scene, site: AdminSite) -> None:
    group = scene.group("Acme")
    assert "no auth credential stored" in site.test("credential", group.pk)["sentence"]
    assert "no auth credential stored" in site.test("realm", group.pk + 1)["sentence"]
    assert "not stored any more" in site.test("endpoint", 1)["sentence"]


def test_the_command(scene: Scene, site: AdminSite, capsys: pytest.CaptureFixture[str]) -> None:
    registrar = registrar_with(scene)
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    call_command("test_carrier", "Acme")
    assert [line.split(": ")[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["endpoint registrar", "ok"],
        ["credential", "ok"],
    ]
    site.edit(group, **{"credential-0-password": "not the password"})
    with pytest.raises(SystemExit):
        call_command("test_carrier", "Acme")
    assert "credential: FAILED" in capsys.readouterr().out


# --- Calls ------------------------------------------------------------------------------------------------------------


def test_a_call_by_the_documented_flow(scene: Scene, site: AdminSite) -> None:
    """Short form, route, button: calls go to the registrar, which asks for the password again."""
    registrar = registrar_with(scene)
    registrar.behaviour = challenge = Challenge(registrar.accounts["1000"])
    group = site.add_group("Acme", "1000", PASSWORD, registrar.host_port)
    scene.route("9", group)
    site.reload()
    site.wait_for(group, "registered")
    assert (scene.dial("914443332222").code, challenge.faults) == (200, [])
