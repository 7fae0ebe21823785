"""Re-encrypted passwords: all of them, in few queries, and never over one that is entered meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from carriers import reencrypt as rotation
from carriers.models import AuthCredential, CarrierGroup
from carriers.passwords.encryption import add_key_to_file
from carriers.reencrypt import rotate_passwords, stored_passwords


def add_credential(name: str, password: str = "") -> AuthCredential:
    credential = AuthCredential(group=CarrierGroup.objects.create(name=name), username="1000", registrar="sip.example")
    if password:
        credential.set_password(password)
    credential.save()
    return credential


@pytest.mark.django_db
@pytest.mark.usefixtures("key_file")
def test_batches_are_a_few_queries_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 4)
    before = [add_credential(f"group {number}", f"password {number}") for number in range(10)]
    add_credential("without a password")
    add_key_to_file()
    done: list[int] = []
    keys = stored_passwords()
    assert len(keys) == 10
    with CaptureQueriesContext(connection) as queries:
        assert rotate_passwords(keys=keys, advance=done.append) == []
    assert done == [4, 4, 2]
    assert len([query for query in queries if "UPDATE " in query["sql"][:7]]) == 3
    for old in before:
        new = AuthCredential.objects.get(pk=old.pk)
        assert new.password_ciphertext != old.password_ciphertext
        assert new.ha1() == old.ha1()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("key_file")
def test_a_password_entered_meanwhile_stays() -> None:
    credential = add_credential("Acme", "the old one")
    writers = []

    def enter_another() -> None:
        try:
            typed = AuthCredential.objects.get(pk=credential.pk)
            typed.set_password("the new one")
            typed.save()
        finally:
            connection.close()

    def enter_another_while_it_is_rotated(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("SELECT") and not writers:
            writers.append(Thread(target=enter_another))
            writers[0].start()
            writers[0].join(0.3)
        return result

    keys = stored_passwords()
    with connections["default"].execute_wrapper(enter_another_while_it_is_rotated):
        rotate_passwords(keys=keys)
    writers[0].join(30)
    assert AuthCredential.objects.get().password_is("the new one")
