"""Challenges in all the ways in which they may be written; that a node reads them likewise is shown in tests/e2e."""

from __future__ import annotations

import pytest

from carriers.passwords.digest import parse_challenges


@pytest.mark.parametrize(
    ("text", "realms"),
    [
        ('Digest realm="a", nonce="1"', ["a"]),
        ('digest realm = "a" ,nonce=1', ["a"]),
        ('Digest realm="a", nonce="1", Digest realm="b", nonce="2"', ["a", "b"]),
        ('Basic realm="x", Digest realm="a", nonce="1"', ["a"]),
        (r'Basic realm="Digest realm=\"x\", nonce=\"1\"", Digest realm="a", nonce="1"', ["a"]),
        ('Negotiate YII=, Digest realm="a,b", nonce="1"', ["a,b"]),
        ("", []),
        ("Digest", []),
        (', "', []),
        ('Digest realm="a', []),
        ('Digest realm="a", nonce="1", algorithm=SHA-256', []),
        ('Digest realm="a", nonce="1", algorithm=MD5-sess', []),
        ('Digest realm="a", nonce="1", qop="auth-int"', []),
        ('Digest realm="a", nonce="1", qop="auth-int, AUTH", algorithm="md5"', ["a"]),
        (r'Digest realm="\"a\"", nonce="1"', []),
        ('Digest realm="", nonce="1"', []),
        ('Digest realm="a"', []),
    ],
)
def test_what_can_be_answered(text: str, realms: list[str]) -> None:
    assert [challenge.realm for challenge in parse_challenges(text) if challenge.is_answerable] == realms


@pytest.mark.parametrize(("text", "stale"), [("stale=true", True), ('STALE="TRUE"', True), ("stale=false", False)])
def test_stale(text: str, stale: bool) -> None:
    (challenge,) = parse_challenges(f'Digest realm="a", nonce="1", {text}')
    assert challenge.stale is stale
