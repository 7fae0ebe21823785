"""Going back to a state: the same rows with the same keys, whatever happened since."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from carriers.models import PBX, AuthCredential, CarrierGroup, Endpoint, OutboundRoute, SourceNetwork
from carriers.snapshots.differences import differences
from carriers.snapshots.records import read_carriers
from carriers.snapshots.restore import restoration_of, restore_state
from carriers.snapshots.state import take_state
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db


def with_password(group: CarrierGroup, password: str) -> AuthCredential:
    credential = AuthCredential.objects.filter(group=group).first() or AuthCredential(
        group=group, username="1000", registrar="sip.acme.example"
    )
    credential.set_password(password)
    credential.save()
    return credential


def test_what_was_deleted_comes_back_and_what_was_added_goes() -> None:
    acme = make_group("Acme", "203.0.113.7", "203.0.113.8")
    route = make_route("9", acme)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    with_password(acme, "earlier")
    then, records = take_state(), read_carriers()
    acme.delete()
    PBX.objects.all().delete()
    OutboundRoute.objects.filter(pk=route.pk).update(prefix="8")
    make_route("9", make_group("Other", "203.0.113.9"))
    restoration = restore_state(then)
    assert take_state() != then, "the password is re-encrypted with the newest key"
    assert read_carriers() == records
    sentences = [str(change) for change in restoration.changes]
    assert "carrier group “Acme” is added" in sentences
    assert "carrier group “Acme”, endpoint 203.0.113.7:5060 is added" in sentences
    assert "carrier group “Other” is deleted" in sentences
    assert "outbound route 8: dialled prefix 8 -> 9" in sentences
    assert "PBX “office”, source network 192.0.2.9/32 is added" in sentences
    assert restore_state(then).changes == []


def test_swapped_names_are_swapped_back() -> None:
    one, two = make_group("One", "203.0.113.1"), make_group("Two", "203.0.113.2")
    source = SourceNetwork.objects.create(group=one, network="198.51.100.0/24")
    then = take_state()
    for group, name in ((one, "swapping"), (two, "One"), (one, "Two")):
        CarrierGroup.objects.filter(pk=group.pk).update(name=name)
    SourceNetwork.objects.filter(pk=source.pk).update(group=two)
    Endpoint.objects.filter(group=one).update(group=two)
    restore_state(then)
    assert take_state() == then


def test_a_parent_that_goes_does_not_take_along_what_moved_away_from_it() -> None:
    one = make_group("One", "203.0.113.1")
    then = take_state()
    later = make_group("Later")
    Endpoint.objects.update(group=later)
    restore_state(then)
    assert take_state() == then
    assert list(one.endpoints.values_list("host", flat=True)) == ["203.0.113.1"]


def test_differences_are_said_in_words_without_secrets() -> None:
    acme = make_group("Acme", "203.0.113.7")
    with_password(acme, "earlier")
    then = take_state()
    Endpoint.objects.update(enabled=False, name="primary")
    credential = with_password(acme, "of now")
    CarrierGroup.objects.update(name="Acme Ltd")
    found = differences(then, take_state())
    assert [str(change) for change in found] == [
        "carrier group “Acme”: name Acme -> Acme Ltd",
        "carrier group “Acme”, endpoint 203.0.113.7:5060: friendly name (blank) -> primary, enabled yes -> no",
        "carrier group “Acme”, auth credential 1000 at sip.acme.example:5060: password changed",
    ]
    assert credential.password_ciphertext not in repr(found)


def test_a_password_that_was_only_encrypted_anew_stays(settings: Settings) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.DSIPROUTER_CREDENTIAL_KEYS = [old]
    credential = with_password(make_group("Acme"), "the same")
    then = take_state()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, old]
    credential.set_password("the same")
    credential.save()
    restoration = restore_state(then)
    assert (restoration.changes, restoration.password_kept, restoration.password_lost) == ([], [], [])
    assert AuthCredential.objects.get().password_ciphertext == credential.password_ciphertext


def test_each_credential_keeps_its_own_present_password(settings: Settings) -> None:
    """Credentials and carrier groups count their keys apart, so one's key is another's group."""
    make_group("No credential")
    one, two = make_group("One"), make_group("Two")
    first, second = with_password(two, "of two"), with_password(one, "of one")
    assert (first.pk, second.pk) != (two.pk, one.pk)
    then = take_state()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with_password(one, "of one, now")
    with_password(two, "of two, now")
    AuthCredential.objects.update(username="2000")
    assert restore_state(then).password_kept == ["Two", "One"]
    assert AuthCredential.objects.get(group=one).password_is("of one, now")
    assert AuthCredential.objects.get(group=two).password_is("of two, now")
    assert set(AuthCredential.objects.values_list("username", flat=True)) == {"1000"}


def test_passwords_whose_key_was_lost(settings: Settings) -> None:
    """All else is restored. A password that is still there stays; where there is none, it must be entered again."""
    keeps, loses = make_group("Keeps"), make_group("Loses")
    with_password(keeps, "earlier")
    with_password(loses, "earlier")
    then = take_state()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with_password(keeps, "of now")
    AuthCredential.objects.filter(group=loses).delete()
    CarrierGroup.objects.filter(pk=keeps.pk).update(name="renamed")
    restoration = restore_state(then)
    assert (restoration.password_kept, restoration.password_lost) == (["Keeps"], ["Loses"])
    assert AuthCredential.objects.get(group=keeps).password_is("of now")
    records = read_carriers().groups[loses.pk]
    assert records.credential is not None
    assert records.credential.ha1 is None
    assert CarrierGroup.objects.get(pk=keeps.pk).name == "Keeps"


def test_looking_changes_nothing() -> None:
    make_group("Acme")
    then = take_state()
    make_group("Other")
    now = take_state()
    assert [str(change) for change in restoration_of(then).changes] == ["carrier group “Other” is deleted"]
    assert take_state() == now


def test_a_state_older_than_a_kind_of_object_has_none_of_them() -> None:
    make_pbx("office", "192.0.2.9", "192.0.2.9/32")
    make_group("Acme", "203.0.113.7")
    then = {key: table for key, table in take_state().items() if key not in ("pbx", "sourcenetwork")}
    assert len(then) == len(take_state()) - 2
    sentences = [str(change) for change in restore_state(then).changes]
    assert sentences == ["PBX “office” is deleted", "PBX “office”, source network 192.0.2.9/32 is deleted"]
    assert not PBX.objects.exists()
    assert CarrierGroup.objects.get().name == "Acme"
