"""Secret values of extra headers: in no dump, kept by a load, and brought back by a roll back."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from carriers.documents import carriers_document, dump_yaml
from carriers.models import CarrierGroup, ExtraHeader
from carriers.passwords.encryption import add_key_to_file
from carriers.reencrypt import rotate_header_values, rotated_state
from carriers.snapshots.restore import restore_state
from carriers.snapshots.state import take_state
from tests.carriers.documents.loads import load, problems

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-carrier"


@pytest.fixture
def header() -> ExtraHeader:
    header = ExtraHeader(group=CarrierGroup.objects.create(name="Acme"), name="X-Token")
    header.set_secret_value(TOKEN)
    header.save()
    return header


def test_a_dump_has_no_secret_value_and_loading_it_keeps_the_stored_one(header: ExtraHeader) -> None:
    tree = carriers_document()
    assert tree["carrier_groups"][0]["extra_headers"] == [{"name": "X-Token", "secret": True}]
    assert TOKEN not in dump_yaml(tree)
    assert "extra headers: 0 created, 0 changed, 1 unchanged" in load(tree)
    tree["carrier_groups"][0]["extra_headers"][0]["value"] = "another"
    assert "extra headers: 0 created, 1 changed, 0 unchanged" in load(tree)
    header.refresh_from_db()
    assert header.sent_value() == "another"
    tree["carrier_groups"][0]["extra_headers"] = []
    assert "extra headers: 0 created, 0 changed, 0 unchanged, 1 deleted (X-Token)" in load(tree)


def test_a_new_secret_header_needs_its_value(header: ExtraHeader) -> None:
    header.delete()
    tree = {"carrier_groups": [{"name": "Acme", "extra_headers": [{"name": "X-Token", "secret": "true"}]}]}
    place = "carrier_groups[0] “Acme”: extra_headers[0].value"
    assert problems(tree) == [f"{place}: a new secret header needs a value."]


def test_a_value_that_is_shown_takes_the_place_of_a_secret_one(header: ExtraHeader) -> None:
    load({"carrier_groups": [{"name": "Acme", "extra_headers": [{"name": "x-token", "value": "7"}]}]})
    header.refresh_from_db()
    assert (header.name, header.value, header.secret_value_ciphertext) == ("x-token", "7", "")


@pytest.mark.usefixtures("key_file")
def test_a_rotation_of_keys_changes_the_ciphertext_only(header: ExtraHeader) -> None:
    state = take_state()
    add_key_to_file()
    before = header.secret_value_ciphertext
    assert rotate_header_values() == []
    header.refresh_from_db()
    assert header.secret_value_ciphertext != before
    assert header.sent_value() == TOKEN
    assert rotated_state(state) != state
    assert restore_state(rotated_state(state)).changes == []


def test_a_roll_back_brings_the_secret_value_back(header: ExtraHeader) -> None:
    state = take_state()
    header.set_secret_value("another")
    header.save()
    (change,) = restore_state(state).changes
    assert str(change) == "carrier group “Acme”, extra header X-Token: secret value changed"
    header.refresh_from_db()
    assert header.sent_value() == TOKEN
    header.delete()
    restore_state(state)
    assert ExtraHeader.objects.get().sent_value() == TOKEN


def test_a_lost_key_is_named(header: ExtraHeader) -> None:
    ExtraHeader.objects.update(secret_value_ciphertext="of a lost key")
    assert rotate_header_values() == ["Acme"]
    header.refresh_from_db()
    assert not header.secret_value_is(TOKEN)


@pytest.mark.parametrize("value", ["", " a", "a\r\nVia: b", "é", "x" * 256])
def test_what_is_no_value_of_a_header(value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        ExtraHeader().set_secret_value(value)
    assert list(refusal.value.message_dict) == ["value"]
