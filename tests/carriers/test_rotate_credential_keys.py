"""The command that re-encrypts all passwords, with the keys in a file and in the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from carriers.models import AuthCredential
from carriers.passwords.encryption import new_key
from tests.carriers.test_reencrypt import add_credential
from tests.commands import run_command
from tests.terminal import open_terminal

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"


def test_a_new_key_in_the_file(key_file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    digests = {add_credential(name, PASSWORD).ha1() for name in ("Acme", "Bolt")}
    old = key_file.read_text(encoding="ascii").split()
    ran = run_command("rotate_credential_keys", "--new-key")
    assert (ran.status, ran.err) == (0, "")
    assert f"A new key stands first in {key_file}" in ran.out
    assert "Passwords encrypted with the newest key: 2 of 2." in ran.out
    new, *rest = key_file.read_text(encoding="ascii").split()
    assert rest == old
    assert new not in ran.out
    assert key_file.stat().st_mode & 0o777 == 0o600
    # The old key is not needed any more.
    key_file.write_text(new, encoding="ascii")
    assert {credential.ha1() for credential in AuthCredential.objects.all()} == digests
    assert capfd.readouterr().err == "", "a progress bar is for terminals"


def test_without_a_new_key_the_newest_one_there_is_encrypts(key_file: Path, settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [old]
    add_credential("Acme", PASSWORD)
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, old]
    assert run_command("rotate_credential_keys").status == 0
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new]
    assert AuthCredential.objects.get().password_is(PASSWORD)
    assert not key_file.exists()


def test_keys_of_the_environment_are_for_the_operator_to_change(key_file: Path, settings: Settings) -> None:
    present = new_key()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [present]
    before = add_credential("Acme", PASSWORD).password_ciphertext
    ran = run_command("rotate_credential_keys", "--new-key")
    assert ran.status == 0
    assert "DSIPROUTER_CREDENTIAL_KEYS, so nothing was changed" in ran.out
    assert present not in ran.out
    printed = ran.out.splitlines()[0].removeprefix("A new key: ")
    assert AuthCredential.objects.get().password_ciphertext == before
    assert not key_file.exists()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [printed, present]  # as the sentence says
    assert run_command("rotate_credential_keys").status == 0
    settings.DSIPROUTER_CREDENTIAL_KEYS = [printed]
    assert AuthCredential.objects.get().password_is(PASSWORD)


def test_a_lost_key_names_the_groups_and_stops_no_other(settings: Settings) -> None:
    lost, kept, new = new_key(), new_key(), new_key()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [lost]
    before = add_credential("Lost, Ltd.", PASSWORD).password_ciphertext
    settings.DSIPROUTER_CREDENTIAL_KEYS = [kept]
    add_credential("Kept", PASSWORD)
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, kept]
    ran = run_command("rotate_credential_keys")
    assert ran.status == 1
    assert "Passwords encrypted with the newest key: 1 of 2." in ran.out
    assert "the key that encrypted them is lost" in ran.err
    assert ran.err.endswith("enter the password again for “Lost, Ltd.”.\n")
    assert PASSWORD not in ran.out + ran.err
    assert AuthCredential.objects.get(group__name="Lost, Ltd.").password_ciphertext == before
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new]
    assert AuthCredential.objects.get(group__name="Kept").password_is(PASSWORD)
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, lost]  # the lost key is found again
    assert run_command("rotate_credential_keys").status == 0


def test_a_key_file_that_can_not_be_written(settings: Settings, tmp_path: Path) -> None:
    settings.DSIPROUTER_CREDENTIAL_KEYS = []
    settings.DSIPROUTER_CREDENTIAL_KEY_FILE = tmp_path / "gone" / "credential_key"
    ran = run_command("rotate_credential_keys", "--new-key")
    assert ran.status == 1
    assert "gone/credential_key”, which can't be used (No such file or directory). Nothing was changed." in ran.err


def test_a_damaged_key_file_is_said(key_file: Path) -> None:
    add_credential("Acme", PASSWORD)
    key_file.write_text("damaged\n", encoding="ascii")
    ran = run_command("rotate_credential_keys")
    assert ran.status == 1
    assert f"CommandError: {key_file} holds something that is no Fernet key" in ran.err


@pytest.mark.usefixtures("key_file")
def test_progress_shows_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    add_credential("Acme", PASSWORD)
    with open_terminal() as terminal:
        monkeypatch.setattr(sys, "stderr", terminal.file)
        run_command("rotate_credential_keys")
        assert terminal.shows("1/1")
