"""Keys are rotated in the revisions, too: afterwards the old key is not needed, and nothing is lost."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings

from carriers.models import AuthCredential
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import roll_back
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def test_revisions_are_read_with_the_new_key_alone(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.DSIPROUTER_CREDENTIAL_KEYS = [old]
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    credential = AuthCredential(group=group, username="1000", registrar="sip.acme.example")
    credential.set_password("earlier")
    credential.save()
    revision = Revision.objects.get(pk=apply(author=None, nodes=[]).revision)
    records = revision.carriers()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, old]
    call_command("rotate_credential_keys")
    assert "Revisions gone through for their passwords, too: 1.\n" in capsys.readouterr().out
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new]
    kept = Revision.objects.get(pk=revision.pk)
    assert kept.carriers() == records
    AuthCredential.objects.all().delete()
    restoration = roll_back(revision=kept, author=None)
    assert (restoration.password_kept, restoration.password_lost) == ([], [])
    assert AuthCredential.objects.get().password_is("earlier")


def test_a_password_that_can_not_be_read_stays(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    group = make_group("Acme", "203.0.113.7")
    credential = AuthCredential(group=group, username="1000", registrar="sip.acme.example")
    credential.set_password("earlier")
    credential.save()
    revision = Revision.objects.get(pk=apply(author=None, nodes=[]).revision)
    state = revision.state()
    AuthCredential.objects.all().delete()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    call_command("rotate_credential_keys")
    assert "too: 1. In 1 of them some can't be read: their key is lost." in capsys.readouterr().out
    assert Revision.objects.get(pk=revision.pk).state() == state
