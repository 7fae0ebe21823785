"""Keys of passwords: which one encrypts, which ones read, and what is said when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from carriers.passwords.encryption import SecretUnreadable, add_key_to_file, decrypt, encrypt, new_key, rotate


def newest(path: Path) -> Fernet:
    return Fernet(path.read_text(encoding="ascii").split()[0])


def test_a_key_is_made_on_first_use(key_file: Path) -> None:
    ciphertext = encrypt('pass "wörd"')
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert newest(key_file).decrypt(ciphertext).decode() == decrypt(ciphertext) == 'pass "wörd"'
    assert encrypt("same") != encrypt("same")


def test_a_new_key_counts_at_once_and_the_old_one_still_reads(key_file: Path) -> None:
    """As in a web process that runs on while the command adds the key."""
    old = encrypt("one")
    add_key_to_file()
    assert decrypt(old) == "one"
    assert newest(key_file).decrypt(encrypt("two")) == b"two"
    rotated = rotate(old)
    key_file.write_text(key_file.read_text(encoding="ascii").split()[0], encoding="ascii")
    assert decrypt(rotated) == "one"
    with pytest.raises(SecretUnreadable):
        decrypt(old)


def test_the_environment_wins_over_the_file(key_file: Path, settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new, old]
    assert Fernet(new).decrypt(encrypt("secret")) == b"secret"
    assert decrypt(Fernet(old).encrypt(b"before").decode()) == "before"
    assert not key_file.exists()


@pytest.mark.parametrize("ciphertext", ["", "damaged", "gAAAAA==", "ümlaut"])
@pytest.mark.parametrize("read", [decrypt, rotate])
def test_a_damaged_ciphertext_is_unreadable(key_file: Path, read: object, ciphertext: str) -> None:
    with pytest.raises(SecretUnreadable):
        read(ciphertext)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "holds no key"), ("\n \n", "holds no key"), ("abc", "no Fernet key"), ("é", "no Fernet")],
)
def test_a_key_file_that_holds_no_keys_is_said_by_name(key_file: Path, content: str, reason: str) -> None:
    key_file.write_text(content, encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match=reason) as refusal:
        encrypt("secret")
    assert str(key_file) in str(refusal.value)


def test_a_bad_key_of_the_environment_is_said_without_showing_it(settings: Settings) -> None:
    settings.DSIPROUTER_CREDENTIAL_KEYS = [new_key(), "half-a-key"]
    with pytest.raises(ImproperlyConfigured, match="DSIPROUTER_CREDENTIAL_KEYS holds something") as refusal:
        encrypt("secret")
    assert "half-a-key" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_a_key_file_that_can_not_be_read_is_said_by_name(key_file: Path) -> None:
    key_file.mkdir()
    with pytest.raises(
        ImproperlyConfigured, match="credential_key, with the keys of passwords, can't be read: Is a dir"
    ):
        encrypt("secret")
