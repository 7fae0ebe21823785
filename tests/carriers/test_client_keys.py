"""The client keys of carrier groups: in no dump, kept by a load, re-encrypted, and brought back by a roll back."""

from __future__ import annotations

import pytest

from carriers.documents import carriers_document, dump_yaml
from carriers.models import CarrierGroup
from carriers.passwords.encryption import add_key_to_file
from carriers.reencrypt import rotate_client_keys, rotated_state
from carriers.snapshots.restore import restore_state
from carriers.snapshots.state import take_state
from tests.carriers.documents.loads import load, problems
from tests.certificates import CERTIFICATE, EXPIRED, EXPIRED_KEY, KEY, certify

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> CarrierGroup:
    group = CarrierGroup(name="Acme", client_certificate=CERTIFICATE)
    group.set_client_key(KEY)
    group.save()
    return group


def test_a_dump_has_no_key_and_loading_it_keeps_the_stored_one(group: CarrierGroup) -> None:
    tree = carriers_document()
    assert "client_key" not in tree["carrier_groups"][0]["tls"]
    assert "PRIVATE KEY" not in dump_yaml(tree)
    assert "carrier groups: 0 created, 0 changed, 1 unchanged" in load(tree)
    tree["carrier_groups"][0]["tls"]["client_key"] = f"{KEY}\r\n"
    assert "carrier groups: 0 created, 0 changed, 1 unchanged" in load(tree)
    certificate, key = certify("next.example")
    tree["carrier_groups"][0]["tls"] |= {"client_certificate": certificate, "client_key": key}
    assert "carrier groups: 0 created, 1 changed, 0 unchanged" in load(tree)
    group.refresh_from_db()
    assert group.client_key_is(key)
    tree["carrier_groups"][0]["tls"] |= {"client_certificate": CERTIFICATE, "client_key": None}
    place = "carrier_groups[0] “Acme”.tls.client_key"
    assert problems(tree) == [f"{place}: This key does not belong to the client certificate."]
    tree["carrier_groups"][0]["tls"] |= {"client_certificate": "", "client_key": ""}
    load(tree)
    group.refresh_from_db()
    assert not group.has_client_key


def test_what_expired_later_does_not_keep_a_group_from_being_loaded(group: CarrierGroup) -> None:
    group.client_certificate = EXPIRED
    group.set_client_key(EXPIRED_KEY)
    group.save()
    tree = carriers_document()
    tree["carrier_groups"][0]["selection"] = "weight"
    assert "carrier groups: 0 created, 1 changed, 0 unchanged" in load(tree)


@pytest.mark.usefixtures("key_file")
def test_a_rotation_of_keys_changes_the_ciphertext_only(group: CarrierGroup) -> None:
    state = take_state()
    add_key_to_file()
    before = group.client_key_ciphertext
    assert rotate_client_keys() == []
    group.refresh_from_db()
    assert group.client_key_ciphertext != before
    assert group.client_key_is(KEY)
    assert restore_state(rotated_state(state)).changes == []


def test_a_roll_back_brings_the_key_back(group: CarrierGroup) -> None:
    state = take_state()
    certificate, key = certify("next.example")
    group.client_certificate = certificate
    group.set_client_key(key)
    group.save()
    (change,) = restore_state(state).changes
    assert "client key changed" in str(change)
    assert "client certificate next.example (issued by test-ca, expires " in str(change)
    group.refresh_from_db()
    assert group.client_key_is(KEY)


def test_a_lost_key_is_named(group: CarrierGroup) -> None:
    state = take_state()
    CarrierGroup.objects.update(client_key_ciphertext="of a lost key")
    assert rotate_client_keys() == ["Acme"]
    lost = take_state()
    assert restore_state(lost).password_lost == ["Acme"]
    restore_state(state)
    group.refresh_from_db()
    assert group.client_key_is(KEY)
